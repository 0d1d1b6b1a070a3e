import { describe, expect, test } from 'vitest'
import { createEgress } from '../../src/egress/client.ts'
import { createAuthority } from '../support/authority.ts'
import { failureOf, get, listen, listenTcp, listenTls, settled } from './listener.ts'
import { startProxy } from './proxy.ts'

const authority = createAuthority()
const resolve = async () => [{ address: '93.184.215.14', family: 4 } as const]

describe('an egress proxy', () => {
  test.each(['', 'proxy:3128', 'https://proxy.example', 'socks5://proxy.example', 'http://'])(
    'given as "%s" is refused',
    (proxy) => {
      expect(() => createEgress({ allow: [], proxy })).toThrow('The egress proxy must be given as')
    },
  )

  test("that can't be read is not repeated, for it may hold a password", () => {
    expect(() => createEgress({ allow: [], proxy: 'https://me:secret@proxy' })).not.toThrow(
      'secret',
    )
  })

  test.each([
    ['HTTP/1.1 403 Forbidden\r\n\r\n', 'proxy'],
    ['HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', 'proxy'],
    ['HTTP/1.1 302 Found\r\nlocation: /\r\n\r\n', 'proxy'],
    ['HTTP/1.1 502 Bad Gateway\r\n\r\n', 'unreachable'],
    ['HTTP/1.1 504 Gateway Timeout\r\n\r\n', 'unreachable'],
    ['SSH-2.0\r\n\r\n', 'proxy'],
    ['', 'proxy'],
  ])('that answers %j is a failure of kind %s', async (answer, kind) => {
    await using proxy = await startProxy(() => answer)
    await using egress = createEgress({ allow: [], resolve, proxy: proxy.url })
    expect((await failureOf(get(egress, 'https://vendor.example/'))).kind).toBe(kind)
  })

  test('that keeps silent ends with the time for a connection', async () => {
    await using proxy = await startProxy(() => undefined)
    await using egress = createEgress({
      allow: [],
      resolve,
      proxy: proxy.url,
      connectTimeoutMs: 200,
    })
    expect((await failureOf(get(egress, 'https://vendor.example/'))).kind).toBe('proxy')
  })

  test('that is not there is a failure of the proxy, and does not repeat its password', async () => {
    const { port, [Symbol.asyncDispose]: close } = await listenTcp(() => {})
    await close()
    const proxy = `http://me:secret@127.0.0.1:${port}`
    await using egress = createEgress({ allow: [], resolve, proxy })
    const failure = await failureOf(get(egress, 'https://vendor.example/'))
    expect(failure).toMatchObject({ kind: 'proxy', code: 'ECONNREFUSED' })
    expect(JSON.stringify([failure.message, failure.stack])).not.toContain('secret')
  })

  test('does not get to see what the policy forbids', async () => {
    await using proxy = await startProxy(() => 1)
    await using egress = createEgress({
      allow: [],
      resolve: async () => [{ address: '10.0.0.1', family: 4 }],
      proxy: proxy.url,
    })
    expect((await failureOf(get(egress, 'https://vendor.example/'))).kind).toBe('forbidden')
    expect(proxy.asked).toEqual([])
  })

  test('does not vouch for a vendor: the certificate is checked through the tunnel', async () => {
    await using vendor = await listenTls(authority.issue({ names: ['other.example'] }), () => {})
    await using proxy = await startProxy(() => vendor.port)
    await using egress = createEgress({ allow: [], resolve, proxy: proxy.url, ca: authority.caPem })
    const failure = await failureOf(get(egress, 'https://vendor.example/'))
    expect(failure).toMatchObject({ kind: 'tls', code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  })

  test('leads to the address that was judged, and knows us by our credentials', async () => {
    await using vendor = await listenTls(
      authority.issue({ names: ['vendor.example'] }),
      (request, response) => {
        response.end(request.headers['proxy-authorization'] ?? request.headers.host)
      },
    )
    await using proxy = await startProxy(() => vendor.port)
    const url = proxy.url.replace('http://', 'http://m%40e:s%3Acret@')
    await using egress = createEgress({ allow: [], resolve, proxy: url, ca: authority.caPem })
    expect(String((await get(egress, 'https://vendor.example/')).body)).toBe('vendor.example')
    await settled()
    expect(String((await get(egress, 'https://vendor.example/again')).body)).toBe('vendor.example')
    expect(proxy.asked).toEqual(['93.184.215.14:443'])
    expect(proxy.credentials).toEqual([`Basic ${Buffer.from('m@e:s:cret').toString('base64')}`])
  })

  test('leads to plain http and to IPv6 addresses too', async () => {
    await using vendor = await listen((_request, response) => response.end('plain'))
    await using proxy = await startProxy(() => vendor.port)
    await using egress = createEgress({ allow: ['fd00::/8'], proxy: proxy.url })
    expect(String((await get(egress, 'http://[fd00::1]:8080/')).body)).toBe('plain')
    expect(proxy.asked).toEqual(['[fd00::1]:8080'])
  })
})
