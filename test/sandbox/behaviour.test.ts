import { connect } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { request } from 'undici'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Behaviour } from '../../src/sandbox/behaviour.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { parseXml } from '../../src/sandbox/xml.ts'
import { envelope, probe, soapAction, start, systemApi } from './client.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await start()
})
afterEach(() => {
  sandbox.reset()
  sandbox.requests.length = 0
})
afterAll(() => sandbox.stop())

const told = (behaviour: Behaviour, times?: number) => {
  sandbox.behave(behaviour, times)
  return probe(sandbox.url)
}

/** Sends a probe and gathers whatever comes, until that is `enough` or the connection has ended. */
function rawProbe(origin: string, enough: (bytes: Buffer) => boolean = () => false) {
  const body = envelope('GetIntegratorLoginInfo')
  const { hostname, port } = new URL(origin)
  const socket = connect(Number(port), hostname)
  const { promise, resolve } = Promise.withResolvers<void>()
  const answer = {
    bytes: Buffer.alloc(0),
    ended: false,
    done: promise,
    close: () => socket.destroy(),
  }
  socket.on('data', (chunk: Buffer) => {
    answer.bytes = Buffer.concat([answer.bytes, chunk])
    if (enough(answer.bytes)) resolve()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    answer.ended = true
    resolve()
  })
  socket.write(
    `POST ${systemApi} HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nSOAPAction: ${soapAction('GetIntegratorLoginInfo').SOAPAction}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
  return answer
}

describe('silence', () => {
  test('hang: no byte comes, and the connection stays, while others are answered', async () => {
    sandbox.behave('hang', 1)
    const hanging = rawProbe(sandbox.url)
    await expect.poll(() => sandbox.requests.length).toBe(1)
    expect((await probe(sandbox.url)).status).toBe(200)
    expect(hanging).toMatchObject({ ended: false, bytes: Buffer.alloc(0) })
    hanging.close()
  })

  test('slow: the good answer comes, after later ones', async () => {
    const order: string[] = []
    sandbox.behave({ behaviour: 'slow', ms: 500 }, 1)
    const slow = probe(sandbox.url).then(({ status }) => order.push(`slow ${status}`))
    await expect.poll(() => sandbox.requests.length).toBeGreaterThan(0)
    order.push(`later ${(await probe(sandbox.url)).status}`)
    await slow
    expect(order).toEqual(['later 200', 'slow 200'])
  })

  test('drip: headers come at once, and then a byte at a time without end', async () => {
    sandbox.behave({ behaviour: 'drip', ms: 5 })
    const dripping = rawProbe(sandbox.url, (bytes) => bytes.includes('1\r\n \r\n'.repeat(5)))
    await dripping.done
    expect(dripping.ended).toBe(false)
    expect(dripping.bytes.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    dripping.close()
  })

  test('dripHeaders: the headers never end', async () => {
    sandbox.behave({ behaviour: 'dripHeaders', ms: 5 })
    const dripping = rawProbe(sandbox.url, (bytes) => bytes.includes('xxxxx'))
    await dripping.done
    expect(dripping.ended).toBe(false)
    expect(dripping.bytes.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\nX-Drip: x+$/)
    dripping.close()
  })

  test('a sandbox with hanging, dripping and flooding connections stops all the same', async () => {
    const busy = await start()
    const stuck = []
    for (const name of ['hang', 'drip', 'dripHeaders', 'flood', 'slow'] as const) {
      busy.behave({ behaviour: name, ...(name === 'slow' && { ms: 60_000 }) })
      stuck.push(probe(busy.url).catch((error) => error))
      await expect.poll(() => busy.requests.length).toBe(stuck.length)
    }
    await busy.stop()
    for (const error of await Promise.all(stuck)) expect(error).toBeInstanceOf(Error)
  })
})

describe('broken connections', () => {
  test('drop: the connection closes without an answer', async () => {
    await expect(told('drop')).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' })
  })

  test('reset: the connection is reset in the middle of the answer', async () => {
    await expect(told('reset')).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('truncated: the connection ends before the length that was promised', async () => {
    sandbox.behave('truncated')
    const answer = rawProbe(sandbox.url)
    await answer.done
    expect(answer.ended).toBe(true)
    const { promised, body } = split(answer.bytes)
    expect(body.length).toBe(Math.ceil(promised / 2))
    await expect(told('truncated')).rejects.toThrow()
  })

  test('wrongLength: more bytes come than the length says', async () => {
    sandbox.behave('wrongLength')
    const answer = rawProbe(sandbox.url, (bytes) => bytes.includes('</soap:Envelope>'))
    await answer.done
    const { promised, body } = split(answer.bytes)
    expect(promised).toBe(Math.ceil(body.length / 2))
    answer.close()
  })

  test('garbage: what comes is not HTTP', async () => {
    await expect(told('garbage')).rejects.toMatchObject({ name: 'HTTPParserError' })
  })

  test('hugeHeaders: the headers are larger than a client takes', async () => {
    await expect(told('hugeHeaders')).rejects.toMatchObject({ code: 'UND_ERR_HEADERS_OVERFLOW' })
    expect((await told({ behaviour: 'hugeHeaders', kibibytes: 1 })).status).toBe(200)
  })
})

describe('bodies', () => {
  test('flood: the body does not end', async () => {
    sandbox.behave('flood', 1)
    const { body } = await request(sandbox.url)
    let length = 0
    for await (const chunk of body) {
      length += chunk.length
      if (length > 16 * 1024 * 1024) break
    }
    expect(length).toBeGreaterThan(16 * 1024 * 1024)
  })

  test('bomb: a small body grows to what was told', async () => {
    sandbox.behave({ behaviour: 'bomb' }, 1)
    const { headers, body } = await request(sandbox.url)
    const bytes = Buffer.from(await body.arrayBuffer())
    expect(headers['content-encoding']).toBe('gzip')
    expect(bytes.length).toBeLessThan(100 * 1024)
    expect(gunzipSync(bytes).length).toBe(64 * 1024 * 1024)
  })

  test('html: a page comes instead of data, with any status', async () => {
    const page = { status: 200, text: expect.stringContaining('<html>') }
    expect(await told('html')).toMatchObject(page)
    expect(await told({ behaviour: 'html', status: 503 })).toMatchObject({ ...page, status: 503 })
  })

  test('invalidXml: the XML is not well-formed', async () => {
    const { status, text } = await told('invalidXml')
    expect(status).toBe(200)
    expect(() => parseXml(text)).toThrow()
  })

  test('deepXml: the XML is well-formed, and as deep as told', async () => {
    const { text } = await told({ behaviour: 'deepXml', depth: 5000 })
    let depth = 0
    for (let at = [parseXml(text)]; at.length > 0; at = at.flatMap(({ children }) => children)) {
      depth += 1
    }
    expect(depth).toBe(5000)
  })

  test('entityXml: the XML declares entities', async () => {
    const { text } = await told('entityXml')
    expect(text).toMatch(/^<!DOCTYPE a \[<!ENTITY e0 /)
    expect(() => parseXml(text)).toThrow(/DTD is prohibited/)
  })

  test('controlCharacters: the good answer is there, around what XML forbids', async () => {
    const { status, text } = await told('controlCharacters')
    expect(status).toBe(200)
    const [before = '', after = ''] = text.split('&#xD;&#x1;\u0001\u001f')
    sandbox.reset()
    expect(before + after).toBe((await probe(sandbox.url)).text)
  })

  test('invalidUtf8: the bytes are not text, in SOAP and in JSON', async () => {
    for (const path of [systemApi, '/login/companyinfo/company_f']) {
      sandbox.behave('invalidUtf8', 1)
      const { body } = await request(sandbox.url + path)
      const bytes = await body.arrayBuffer()
      expect(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes)).toThrow(TypeError)
    }
  })
})

describe('refusals of its own', () => {
  test('throttle: 429 with Retry-After, as told, or without', async () => {
    const usual = await told('throttle')
    expect(usual).toMatchObject({ status: 429, headers: { 'retry-after': '30' } })
    expect(JSON.parse(usual.text)).toEqual({
      error: 'ConnectWiseAPI',
      message: 'Too many requests. Please try again in 30 seconds.',
    })
    const soon = await told({ behaviour: 'throttle', retryAfter: 1 })
    expect(soon.headers['retry-after']).toBe('1')
    const never = await told({ behaviour: 'throttle', retryAfter: null })
    expect(never.status).toBe(429)
    expect(never.headers['retry-after']).toBeUndefined()
  })

  test('status: any status, headers and body', async () => {
    expect(await told('status')).toMatchObject({ status: 500, text: '' })
    const headers = { 'Content-Type': 'application/json', 'X-A': 'b' }
    expect(
      await told({ behaviour: 'status', status: 418, headers, body: '{"a":1}' }),
    ).toMatchObject({
      status: 418,
      headers: { 'content-type': 'application/json', 'x-a': 'b' },
      text: '{"a":1}',
    })
  })

  test('redirect: to where it is told, or round in circles', async () => {
    const away = await told({ behaviour: 'redirect', status: 307, location: 'http://127.0.0.1:1/' })
    expect(away).toMatchObject({ status: 307, headers: { location: 'http://127.0.0.1:1/' } })
    expect((await told('redirect')).headers.location).toBe(systemApi)
    await expect(fetch(sandbox.url)).rejects.toMatchObject({
      cause: { message: 'redirect count exceeded' },
    })
  })
})

function split(bytes: Buffer) {
  const end = bytes.indexOf('\r\n\r\n')
  const promised = Number(/content-length: (\d+)/i.exec(bytes.toString('latin1', 0, end))?.[1])
  return { promised, body: bytes.subarray(end + 4) }
}
