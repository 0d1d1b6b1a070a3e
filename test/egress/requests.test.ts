import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { failureOf, get, listen, openEgress, settled } from './listener.ts'

/** A vendor that answers with what it was sent. */
async function mirror() {
  const seen: {
    method: string | undefined
    url: string | undefined
    headers: IncomingMessage['headers']
    body: string
  }[] = []
  const server = await listen(async (request, response) => {
    const { method, url, headers } = request
    let body = ''
    for await (const chunk of request) body += chunk
    seen.push({ method, url, headers, body })
    response.end()
  })
  return { server, seen, url: new URL(`${server.origin}/v1?a=b#part`) }
}

describe("a request that can't be sent", () => {
  test.each([
    [
      'a line break in a header',
      { headers: { Authorization: 'Basic secret\r\nx: y' } },
      'the header authorization',
    ],
    [
      'a character outside Latin-1',
      { headers: { 'x-api-key': 'sécrèt☃' } },
      'the header x-api-key',
    ],
    ['a NUL in a header', { headers: { 'x-api-key': 'secret\0' } }, 'the header x-api-key'],
    ['a header of no valid name', { headers: { 'secret name': 'a' } }, 'the name of a header'],
    ['an empty method', { method: '' }, 'the method'],
    ['a method with a space', { method: 'GET /secret' }, 'the method'],
    ['CONNECT', { method: 'CONNECT' }, 'the method'],
    ['TRACE', { method: 'TRACE' }, 'the method'],
  ])('because of %s says which part, and not what it holds', async (_what, part, says) => {
    const { server, seen, url } = await mirror()
    await using _server = server
    await using egress = openEgress()
    const failure = await failureOf(egress.send({ method: 'GET', url, headers: {}, ...part }))
    expect(failure.kind).toBe('unsendable')
    expect(failure.message).toContain(says)
    expect(failure.message).not.toMatch(/secret|sécrèt/)
    expect(seen).toEqual([])
  })

  test('leaves the connections to others as they were', async () => {
    const { server, url } = await mirror()
    await using _server = server
    await using egress = openEgress()
    for (let n = 0; n < 5; n++) {
      await failureOf(egress.send({ method: 'GET', url, headers: { a: '\n' } }))
      await get(egress, server.origin)
      await settled()
    }
    expect(server.connections).toBe(1)
  })
})

test('headers of the connection are ours, whatever the caller says', async () => {
  const { server, seen, url } = await mirror()
  await using _server = server
  await using egress = openEgress()
  const headers = {
    Host: 'internal.example',
    Connection: 'close, authorization',
    'Content-Length': '3',
    'Transfer-Encoding': 'chunked',
    Expect: '100-continue',
    Upgrade: 'websocket',
    'Keep-Alive': 'timeout=5',
    TE: 'trailers',
    'X-Api-Key': 'k',
  }
  await egress.send({ method: 'POST', url, headers, body: 'payload' })
  expect(seen[0]!.headers).toEqual({
    host: url.host,
    connection: 'keep-alive',
    'content-length': '7',
    'accept-encoding': 'identity',
    'x-api-key': 'k',
  })
})

test('a request arrives as it was given, without the fragment', async () => {
  const { server, seen, url } = await mirror()
  await using _server = server
  await using egress = openEgress()
  const headers = { Authorization: 'Basic Zm9v', 'Accept-Encoding': 'gzip', 'X-Name': 'Zoë' }
  await egress.send({ method: 'PATCH', url, headers, body: Buffer.from('{"name":"Zoë"}') })
  expect(seen[0]).toMatchObject({ method: 'PATCH', url: '/v1?a=b', body: '{"name":"Zoë"}' })
  expect(seen[0]!.headers).toMatchObject({
    authorization: 'Basic Zm9v',
    'accept-encoding': 'gzip',
    'x-name': 'Zoë',
    'content-length': '15',
  })
})

test.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])(
  '%s is a method',
  async (method) => {
    const { server, seen, url } = await mirror()
    await using _server = server
    await using egress = openEgress()
    expect((await egress.send({ method, url, headers: {} })).status).toBe(200)
    expect(seen[0]!.method).toBe(method)
  },
)
