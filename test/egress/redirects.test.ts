import type { RequestListener } from 'node:http'
import { describe, expect, test } from 'vitest'
import { failureOf, get, listen, openEgress } from './listener.ts'

/** Redirects `/<status>?to=<location>` there; answers everything else with what it was sent. */
const vendor: RequestListener = (request, response) => {
  const url = new URL(request.url!, 'http://vendor')
  const status = Number(url.pathname.slice(1))
  if (status >= 300 && status < 400) {
    const to = url.searchParams.get('to')
    response.writeHead(status, to === null ? {} : { location: to }).end('moved')
    return
  }
  let body = ''
  request.on('data', (chunk) => {
    body += chunk
  })
  request.on('end', () =>
    response.end(JSON.stringify({ method: request.method, url: request.url, body })),
  )
}

const seen = (body: Buffer) => JSON.parse(String(body))

describe('a redirect', () => {
  test.each([
    'http://10.0.0.1/',
    'https://169.254.169.254/latest/meta-data/',
    'http://[::1]/',
    '//0x0a.1/',
    'https://[::ffff:a00:1]/',
    'https://vendor.example:22/',
    'http://vendor.example/',
    'file:///etc/passwd',
    'ftp://vendor.example/',
    'javascript:alert(1)',
    'https://user:pass@vendor.example/',
  ])('to %s is forbidden', async (location) => {
    await using server = await listen(vendor)
    await using egress = openEgress({ allow: [`127.0.0.1:${server.port}`] })
    const url = `${server.origin}/302?to=${encodeURIComponent(location)}`
    expect((await failureOf(get(egress, url))).kind).toBe('forbidden')
  })

  test('to another origin is the answer, and nothing is sent there', async () => {
    await using server = await listen(vendor)
    await using other = await listen(vendor)
    await using egress = openEgress()
    const url = `${server.origin}/302?to=${other.origin}/login`
    const answer = await get(egress, url)
    expect(answer.status).toBe(302)
    expect(answer.headers.location).toBe(`${other.origin}/login`)
    expect(answer.url.href).toBe(url)
    expect(String(answer.body)).toBe('moved')
    expect(other.connections).toBe(0)
  })

  test('to another scheme is the answer, even on one host', async () => {
    await using server = await listen(vendor)
    await using egress = openEgress()
    const answer = await get(egress, `${server.origin}/301?to=https://127.0.0.1:${server.port}/`)
    expect(answer.status).toBe(301)
  })

  test('to itself is a circle', async () => {
    await using server = await listen((_request, response) =>
      response.writeHead(302, { location: '/again' }).end(),
    )
    await using egress = openEgress()
    expect((await failureOf(get(egress, `${server.origin}/`))).kind).toBe('redirect')
  })

  test('is followed three times and not four', async () => {
    await using server = await listen((request, response) => {
      const left = Number(request.url!.slice(1))
      if (left === 0) response.end('arrived')
      else response.writeHead(307, { location: `/${left - 1}` }).end()
    })
    await using egress = openEgress()
    expect((await failureOf(get(egress, `${server.origin}/4`))).kind).toBe('redirect')
    const answer = await get(egress, `${server.origin}/3`)
    expect(String(answer.body)).toBe('arrived')
    expect(answer.url.href).toBe(`${server.origin}/0`)
    expect(server.connections).toBe(2)
  })

  test.each(['http://', 'https://[', 'http://a b/', 'https://host:99999/'])(
    'to %s, which is no address, is a failure',
    async (location) => {
      await using server = await listen(vendor)
      await using egress = openEgress()
      const url = `${server.origin}/302?to=${encodeURIComponent(location)}`
      expect((await failureOf(get(egress, url))).kind).toBe('redirect')
    },
  )

  test('without a location is the answer', async () => {
    await using server = await listen(vendor)
    await using egress = openEgress()
    expect((await get(egress, `${server.origin}/302`)).status).toBe(302)
  })

  test.each([300, 304, 305, 306])('with status %i is the answer', async (status) => {
    await using server = await listen(vendor)
    await using egress = openEgress()
    expect((await get(egress, `${server.origin}/${status}?to=/there`)).status).toBe(status)
  })

  test.each([301, 302, 303, 307, 308])('with status %i is followed by GET', async (status) => {
    await using server = await listen(vendor)
    await using egress = openEgress()
    const answer = await get(egress, `${server.origin}/${status}?to=/there%3Fa%3Db%23part`)
    expect(seen(answer.body)).toEqual({ method: 'GET', url: '/there?a=b', body: '' })
    expect(answer.url.href).toBe(`${server.origin}/there?a=b`)
  })

  test.each([301, 302, 303])('with status %i is the answer to POST', async (status) => {
    await using server = await listen(vendor)
    await using egress = openEgress()
    const url = new URL(`${server.origin}/${status}?to=/there`)
    const answer = await egress.send({ method: 'POST', url, headers: {}, body: 'payload' })
    expect(answer.status).toBe(status)
  })

  test.each([307, 308])('with status %i is followed by POST, with its body', async (status) => {
    await using server = await listen(vendor)
    await using egress = openEgress()
    const url = new URL(`${server.origin}/${status}?to=/there`)
    const answer = await egress.send({ method: 'POST', url, headers: {}, body: 'payload' })
    expect(seen(answer.body)).toEqual({ method: 'POST', url: '/there', body: 'payload' })
  })

  test('keeps to the deadline of the whole', async () => {
    await using server = await listen((request, response) => {
      if (request.url === '/') response.writeHead(302, { location: '/hang' }).end()
    })
    await using egress = openEgress()
    const failure = await failureOf(get(egress, `${server.origin}/`, { deadlineMs: 250 }))
    expect(failure.kind).toBe('late')
  })
})
