import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import forge from 'node-forge'
import { describe, expect, test } from 'vitest'
import { createAuthority } from '../support/authority.ts'
import { failureOf, get, listenTcp, listenTls, openEgress } from './listener.ts'

const day = 86_400_000
const authority = createAuthority()
const resolve = async () => [{ address: '127.0.0.1', family: 4 } as const]
const hello = (_request: unknown, response: { end(text: string): void }) => response.end('hello')

describe('a certificate', () => {
  test.each([
    {
      what: 'that has expired',
      code: 'CERT_HAS_EXPIRED',
      says: 'has expired',
      notAfter: new Date(Date.now() - day / 2),
    },
    {
      what: 'that is not valid yet',
      code: 'CERT_NOT_YET_VALID',
      says: 'is not valid yet',
      notBefore: new Date(Date.now() + day / 2),
    },
    {
      what: 'for another name',
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      says: 'is made out to another name',
      names: ['other.example'],
    },
    {
      what: 'for an address, where a name is meant',
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      says: 'is made out to another name',
      names: ['127.0.0.1'],
    },
  ])('$what is refused, and the message says so', async ({ code, says, what: _, ...rest }) => {
    await using server = await listenTls(
      authority.issue({ names: ['vendor.example'], ...rest }),
      hello,
    )
    await using egress = openEgress({ resolve, ca: authority.caPem })
    const failure = await failureOf(get(egress, `https://vendor.example:${server.port}/`))
    expect(failure).toMatchObject({ kind: 'tls', code })
    expect(failure.message).toMatch(new RegExp(`^The certificate of vendor.example ${says}`))
  })

  test('of an unknown authority is refused, and the message says how to trust it', async () => {
    await using server = await listenTls(
      createAuthority().issue({ names: ['vendor.example'] }),
      hello,
    )
    await using egress = openEgress({ resolve, ca: authority.caPem })
    const failure = await failureOf(get(egress, `https://vendor.example:${server.port}/`))
    expect(failure.kind).toBe('tls')
    expect(failure.message).toContain('NODE_EXTRA_CA_CERTS')
  })

  test('that is self-signed is refused', async () => {
    const certificate = forge.pki.createCertificate()
    const keys = forge.pki.rsa.generateKeyPair(2048)
    certificate.publicKey = keys.publicKey
    certificate.validity.notAfter = new Date(Date.now() + day)
    certificate.setSubject([{ name: 'commonName', value: 'vendor.example' }])
    certificate.setIssuer(certificate.subject.attributes)
    certificate.sign(keys.privateKey, forge.md.sha256.create())
    const key = forge.pki.privateKeyToPem(keys.privateKey)
    const cert = forge.pki.certificateToPem(certificate)
    await using server = await listenTls({ key, cert }, hello)
    await using egress = openEgress({ resolve, ca: authority.caPem })
    const failure = await failureOf(get(egress, `https://vendor.example:${server.port}/`))
    expect(failure).toMatchObject({ kind: 'tls', code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  })

  test('for another address is refused, for this one accepted', async () => {
    await using other = await listenTls(authority.issue({ names: ['127.0.0.2'] }), hello)
    await using server = await listenTls(authority.issue({ names: ['127.0.0.1'] }), hello)
    await using egress = openEgress({ ca: authority.caPem })
    expect((await failureOf(get(egress, other.origin))).code).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    expect((await get(egress, server.origin)).status).toBe(200)
  })

  test('that is right is accepted, and the server is told which host is meant', async () => {
    const servernames: (string | false | null | undefined)[] = []
    await using server = await listenTls(
      {
        ...authority.issue({ names: ['vendor.example'] }),
        SNICallback: (name, callback) => {
          servernames.push(name)
          callback(null)
        },
      },
      hello,
    )
    await using egress = openEgress({ resolve, ca: authority.caPem })
    const answer = await get(egress, `https://vendor.example.:${server.port}/`)
    expect(String(answer.body)).toBe('hello')
    expect(servernames).toEqual(['vendor.example'])
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'of the client, where %s asks for one, is a failure that says so',
    async (version) => {
      await using server = await listenTls(
        {
          ...authority.issue({ names: ['vendor.example'] }),
          minVersion: version,
          maxVersion: version,
          ca: authority.caPem,
          requestCert: true,
          rejectUnauthorized: true,
        },
        hello,
      )
      await using egress = openEgress({ resolve, ca: authority.caPem })
      const failure = await failureOf(get(egress, `https://vendor.example:${server.port}/`))
      expect(failure.kind).toBe('tls')
      expect(failure.message).toContain('ask')
      expect(failure.message).toContain('for a client certificate')
    },
  )
})

describe('a handshake', () => {
  test('with a server that speaks no TLS is a failure that names the port', async () => {
    await using server = await listenTcp((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    await using egress = openEgress()
    const failure = await failureOf(get(egress, `https://127.0.0.1:${server.port}/`))
    expect(failure.kind).toBe('tls')
    expect(failure.message).toContain(`port ${server.port}`)
  })

  test.each([
    ['ends', (socket: { end(): void }) => socket.end()],
    [
      'is reset',
      (socket: { resetAndDestroy(): void }) => setTimeout(() => socket.resetAndDestroy(), 10),
    ],
  ])('that %s halfway is a failure of TLS', async (_how, handler) => {
    await using server = await listenTcp(handler)
    await using egress = openEgress()
    expect((await failureOf(get(egress, `https://127.0.0.1:${server.port}/`))).kind).toBe('tls')
    expect(server.connections).toBe(1)
  })

  test('that hangs ends with the deadline, or with the time for a connection', async () => {
    await using server = await listenTcp(() => {})
    await using egress = openEgress({ connectTimeoutMs: 250 })
    const url = `https://127.0.0.1:${server.port}/`
    const late = failureOf(get(egress, url, { deadlineMs: 100 }))
    const tls = failureOf(get(egress, url))
    expect((await late).kind).toBe('late')
    expect(await tls).toMatchObject({ kind: 'tls', code: 'ETIMEDOUT' })
  })

  test('with TLS 1.1 is refused', async () => {
    const pair = authority.issue({ names: ['127.0.0.1'] })
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const
    await using server = await listenTls({ ...pair, ...old }, hello)
    await using egress = openEgress({ ca: authority.caPem })
    expect((await failureOf(get(egress, server.origin))).kind).toBe('tls')
  })
})

test('NODE_EXTRA_CA_CERTS is trusted', async () => {
  await using server = await listenTls(authority.issue({ names: ['127.0.0.1'] }), hello)
  const client = new URL('../../src/egress/client.ts', import.meta.url)
  const script = `
    const { createEgress } = await import(${JSON.stringify(client.href)})
    await using egress = createEgress({ allow: ['127.0.0.1'] })
    const answer = await egress.send({ method: 'GET', url: new URL('${server.origin}'), headers: {} })
    console.log(answer.status)`
  const file = join(tmpdir(), `latchkey-ca-${process.pid}.pem`)
  const run = (env: NodeJS.ProcessEnv) =>
    promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, ...env },
    })
  try {
    await writeFile(file, authority.caPem)
    expect((await run({ NODE_EXTRA_CA_CERTS: file })).stdout).toBe('200\n')
    await expect(run({ NODE_EXTRA_CA_CERTS: '' })).rejects.toThrow('NODE_EXTRA_CA_CERTS')
  } finally {
    await rm(file, { force: true })
  }
})
