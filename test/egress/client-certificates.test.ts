import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import type { ClientCertificate, Egress } from '../../src/egress/client.ts'
import { tlsFailure } from '../../src/egress/failure.ts'
import { createAuthority } from '../support/authority.ts'
import { failureOf, listenTls, openEgress, settled } from './listener.ts'

const authority = createAuthority()

function clientOf(name: string, identity = `instance/${name}`, issuer = authority) {
  const { cert: certificate, key } = issuer.issue({ names: [name], clientAuth: true })
  return { certificate, key, fingerprint: `of ${name}`, identity }
}

/** A vendor that keeps, for each connection, whose certificate it saw and who sent requests on it. */
async function listenToClients(
  options: { rejectUnauthorized?: boolean; maxVersion?: 'TLSv1.2' | 'TLSv1.3' } = {},
) {
  const connections: { peer: string | undefined; requests: string[] }[] = []
  const known = new Map<TLSSocket, (typeof connections)[number]>()
  const server = await listenTls(
    {
      ...authority.issue({ names: ['127.0.0.1'] }),
      ca: authority.caPem,
      requestCert: true,
      rejectUnauthorized: options.rejectUnauthorized ?? false,
      ...(options.maxVersion && { minVersion: options.maxVersion, maxVersion: options.maxVersion }),
    },
    ({ socket, headers }: IncomingMessage, response: ServerResponse) => {
      const tls = socket as TLSSocket
      let connection = known.get(tls)
      if (!connection) {
        connection = { peer: tls.getPeerCertificate().subject?.CN as string, requests: [] }
        known.set(tls, connection)
        connections.push(connection)
      }
      connection.requests.push(String(headers['x-sender']))
      setTimeout(() => response.end(connection.peer ?? 'nobody'), 5)
    },
  )
  return { server, connections, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

async function send(
  egress: Egress,
  origin: string,
  sender: string,
  clientCertificate?: ClientCertificate,
) {
  const url = new URL(origin)
  const headers = { 'x-sender': sender }
  const { body } = await egress.send({
    method: 'GET',
    url,
    headers,
    ...(clientCertificate && { clientCertificate }),
  })
  await settled()
  return String(body)
}

describe('a connection that was opened with a certificate', () => {
  test('serves no other certificate, nor a request without one, however many run at once', async () => {
    await using vendor = await listenToClients()
    await using egress = openEgress({ ca: authority.caPem })
    const { origin } = vendor.server
    const clients = { alice: clientOf('alice'), bob: clientOf('bob'), nobody: undefined }
    for (let round = 0; round < 4; round++) {
      const sent = Object.entries(clients).flatMap(([name, client]) =>
        Array.from({ length: 5 }, async () =>
          expect(await send(egress, origin, name, client)).toBe(name),
        ),
      )
      await Promise.all(sent)
    }
    expect(vendor.connections.flatMap(({ requests }) => requests)).toHaveLength(60)
    // Connections were used again, and yet never by another.
    expect(vendor.connections.length).toBeLessThan(30)
    for (const { peer = 'nobody', requests } of vendor.connections) {
      expect(new Set(requests)).toEqual(new Set([peer]))
    }
  })

  test('serves no other instance, though it presents the same certificate', async () => {
    await using vendor = await listenToClients()
    await using egress = openEgress({ ca: authority.caPem })
    const shared = clientOf('shared')
    for (const identity of ['instance/1', 'instance/2', 'instance/1', 'instance/2']) {
      const answer = await send(egress, vendor.server.origin, identity, { ...shared, identity })
      expect(answer).toBe('shared')
    }
    expect(vendor.connections.map(({ requests }) => requests)).toEqual([
      ['instance/1', 'instance/1'],
      ['instance/2', 'instance/2'],
    ])
  })

  test('serves nobody once the instance has another certificate', async () => {
    await using vendor = await listenToClients()
    await using egress = openEgress({ ca: authority.caPem })
    const { origin } = vendor.server
    expect(await send(egress, origin, '1', clientOf('old', 'instance/1'))).toBe('old')
    expect(await send(egress, origin, '1', clientOf('new', 'instance/1'))).toBe('new')
    expect(vendor.server.connections).toBe(2)
  })

  test('is closed with the service', async () => {
    await using vendor = await listenToClients()
    const egress = openEgress({ ca: authority.caPem })
    await send(egress, vendor.server.origin, 'alice', clientOf('alice'))
    await egress[Symbol.asyncDispose]()
    const failure = await failureOf(send(egress, vendor.server.origin, '', clientOf('alice')))
    expect(failure.kind).toBe('aborted')
    expect(vendor.server.connections).toBe(1)
  })

  test('is put out for another when there are too many, and everyone is still served', async () => {
    await using vendor = await listenToClients()
    await using egress = openEgress({ ca: authority.caPem, maxIdentities: 2 })
    const shared = clientOf('shared')
    for (const identity of ['a', 'b', 'c', 'c', 'a']) {
      await send(egress, vendor.server.origin, identity, { ...shared, identity })
    }
    const served = vendor.connections.map(({ requests }) => requests.join())
    expect(served).toEqual(['a', 'b', 'c,c', 'a'])
  })
})

describe.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'a vendor that insists on a certificate, with %s',
  (version) => {
    const insisting = () => listenToClients({ rejectUnauthorized: true, maxVersion: version })

    test('gets the one that is given', async () => {
      await using vendor = await insisting()
      await using egress = openEgress({ ca: authority.caPem })
      expect(await send(egress, vendor.server.origin, '', clientOf('alice'))).toBe('alice')
    })

    test('fails a request without one, and says what it wants', async () => {
      await using vendor = await insisting()
      await using egress = openEgress({ ca: authority.caPem })
      const failure = await failureOf(send(egress, vendor.server.origin, ''))
      expect(failure.kind).toBe('tls')
      expect(failure.message).toMatch(/ask(s)? for a client certificate/)
    })

    test('fails a request with one that it does not know, and says so', async () => {
      await using vendor = await insisting()
      await using egress = openEgress({ ca: authority.caPem })
      const stranger = clientOf('mallory', 'instance/1', createAuthority())
      const failure = await failureOf(send(egress, vendor.server.origin, '', stranger))
      // A server on Node closes without an alert: in TLS 1.3, when the handshake is over for us.
      expect(failure.kind).toBe(version === 'TLSv1.2' ? 'tls' : 'reset')
      expect(failure.message).toContain('It may not accept the client certificate.')
      expect(vendor.connections).toEqual([])
    })
  },
)

describe('an alert about the certificate', () => {
  const where = { hostname: 'vendor.example', port: 443, presents: true }

  test.each([
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'comes from an authority that it does not know'],
    ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', 'is not acceptable'],
    ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED', 'has expired'],
    ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_REVOKED', 'was revoked'],
    ['ERR_SSL_TLSV1_ALERT_ACCESS_DENIED', 'has no access'],
  ])('%s is told as one', (code, says) => {
    const failure = tlsFailure(where, Object.assign(new Error(), { code }))
    expect(failure).toMatchObject({ kind: 'tls', code })
    expect(failure.message).toMatch(/^vendor.example does not accept the client certificate: it /)
    expect(failure.message).toContain(says)
  })

  test('is not told of a request that presented none', () => {
    const error = Object.assign(new Error(), { code: 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA' })
    const { message } = tlsFailure({ ...where, presents: false }, error)
    expect(message).not.toContain('client certificate')
  })
})
