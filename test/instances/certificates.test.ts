import type { TLSSocket } from 'node:tls'
import forge from 'node-forge'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Listener, listenTls } from '../egress/listener.ts'
import { createAuthority } from '../support/authority.ts'
import { call, countStored } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'

const element = {
  format: 1,
  id: 9301,
  key: 'mutual',
  name: 'Mutual',
  hub: 'general',
  description: 'Knows its callers by their certificates.',
  configDescription: 'Made up for the tests.',
  entries: [
    { key: 'server', name: 'Server', type: 'url', required: true },
    { key: 'cert', name: 'Certificate', type: 'certificate', required: true },
  ],
  baseUrl: '{server}',
  authentications: [{ type: 'certificate', name: 'Certificate', certificate: 'cert' }],
  probes: [
    {
      method: 'GET',
      path: 'me',
      rules: [
        {
          when: { failure: ['tls', 'reset'] },
          verdict: 'rejected',
          message: 'It wants another certificate.',
        },
        { when: { status: 200 }, verdict: 'verified' },
      ],
    },
  ],
}

const authority = createAuthority()
const { key, cert } = authority.issue({ names: ['acme.example'], clientAuth: true })
const pem = `${cert}${key}`
const stranger = createAuthority().issue({ names: ['other.example'], clientAuth: true })
const passphrase = 'pässphrase-0815'
const pkcs12 = forge.util.encode64(
  forge.asn1
    .toDer(
      forge.pkcs12.toPkcs12Asn1(
        forge.pki.privateKeyFromPem(key),
        [forge.pki.certificateFromPem(cert)],
        passphrase,
        { algorithm: '3des' },
      ),
    )
    .getBytes(),
)

let world: World
let vendor: Listener
/** Whom the vendor saw, request by request. */
let seen: string[]

beforeAll(async () => {
  const server = authority.issue({ names: ['127.0.0.1'] })
  vendor = await listenTls(
    { ...server, ca: authority.caPem, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      seen.push(String((request.socket as TLSSocket).getPeerCertificate().subject.CN))
      response.end()
    },
  )
  world = await startWorld({
    definitions: [element],
    allow: ['127.0.0.1'],
    egress: { ca: authority.caPem },
  })
})
beforeEach(() => {
  seen = []
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const provision = (configuration: object, more: object = {}, authorization = world.authorization) =>
  call(world, 'POST', '/instances', {
    authorization,
    body: {
      element: { key: 'mutual' },
      name: 'N',
      configuration: { server: vendor.origin, ...configuration },
      ...more,
    },
  })

async function upload(origins = [vendor.origin], authorization = world.authorization) {
  const body = { name: 'Acme', certificate: cert, key, origins }
  const answer = await call(world, 'POST', '/certificates', { body, authorization })
  expect(answer.status).toBe(200)
  return answer.body.id as number
}

describe('an instance names a certificate', () => {
  test('and presents it to the vendor', async () => {
    const id = await upload()
    const { status, body } = await provision({ cert: id })
    expect(status).toBe(200)
    expect(body).toMatchObject({ state: 'verified', configuration: { cert: id } })
    expect(seen).toEqual(['acme.example'])
  })

  test('which then cannot be deleted, and says who uses it', async () => {
    const id = await upload()
    const { body: instance } = await provision({ cert: id })
    const { status, body } = await call(world, 'DELETE', `/certificates/${id}`)
    expect({ status, code: body.code }).toEqual({ status: 409, code: 'certificate-in-use' })
    expect(body.references).toEqual([{ id: instance.id, name: 'N' }])
  })

  test('that was not given for this vendor: nothing is sent, and nothing stored', async () => {
    const id = await upload(['https://api.example.com'])
    const before = await countStored(world)
    for (const more of [{}, { verify: false }]) {
      const { status, body } = await provision({ cert: id }, more)
      expect({ status, code: body.code }).toEqual({ status: 422, code: 'secrets-required' })
      expect(body.message).toContain(vendor.origin)
    }
    expect(seen).toEqual([])
    expect(await countStored(world)).toEqual(before)
  })

  test.each([[{}], [{ verify: false }]])('that is not there, or another’s (%j)', async (more) => {
    const other = await world.addOrganization()
    const foreign = await upload(undefined, other.authorization)
    for (const cert of [9_999_999, foreign]) {
      const { status, body } = await provision({ cert }, more)
      expect({ status, code: body.code }).toEqual({ status: 404, code: 'certificate-not-found' })
    }
  })

  test('in a draft, which the vendor is not asked about', async () => {
    const { body } = await provision({ cert: await upload() }, { verify: false })
    expect(body).toMatchObject({ state: 'draft' })
    expect(seen).toEqual([])
  })

  test('with an idempotency key as well', async () => {
    const id = await upload()
    const send = () =>
      call(world, 'POST', '/instances', {
        headers: { 'idempotency-key': `certificate-${id}` },
        body: {
          element: { key: 'mutual' },
          name: 'N',
          configuration: { server: vendor.origin, cert: id },
        },
      })
    const [first, second] = [await send(), await send()]
    expect(first.status).toBe(200)
    expect(second.text).toBe(first.text)
    expect((await call(world, 'DELETE', `/certificates/${id}`)).status).toBe(409)
  })
})

describe('an instance brings the file along', () => {
  test.each([
    ['PEM', { cert: pem }],
    ['PKCS#12', { cert: pkcs12, 'cert.passphrase': passphrase }],
  ])('as %s, which is presented, sealed and never answered', async (_, configuration) => {
    const { status, body, text } = await provision(configuration)
    expect(status).toBe(200)
    expect(body.configuration).toEqual({ server: vendor.origin, cert: '********' })
    expect(body.warnings).toEqual([
      { key: 'cert', message: expect.stringMatching(/^It expires on /) },
      { key: 'cert', message: expect.stringMatching(/^The chain does not reach a root/) },
    ])
    expect(text).not.toContain(passphrase)
    expect(seen).toEqual(['acme.example'])
    const { rows } = await world.context.db.pool.query(
      'select entry, origins, sealed from secrets where organization_id = $1 and owner = $2',
      [world.organizationId, `instance/${body.id}`],
    )
    const file = rows.find(({ entry }) => entry === 'cert')
    expect(file.origins).toEqual([vendor.origin])
    expect(file.sealed).toMatch(/^e1\./)
    expect(rows.map(({ entry }) => entry).sort()).toEqual(['$token', 'cert'])
  })

  test.each([
    [{ cert: pkcs12, 'cert.passphrase': 'wrong' }, 'cert.passphrase'],
    [{ cert: pkcs12 }, 'cert.passphrase'],
    [{ cert: pkcs12.slice(0, 400), 'cert.passphrase': passphrase }, 'cert'],
    [{ cert }, 'cert'],
    [{ cert: 'no certificate at all' }, 'cert'],
  ])('that cannot be read: %#', async (configuration, wrong) => {
    const { status, body, text } = await provision(configuration)
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'configuration-invalid' })
    expect(body.invalid.map(({ key }: { key: string }) => key)).toEqual([wrong])
    expect(text).not.toContain(passphrase)
    expect(seen).toEqual([])
  })
})

test('a certificate that the vendor does not take is rejected in the words of the element', async () => {
  const { status, body } = await provision({ cert: `${stranger.cert}${stranger.key}` })
  expect({ status, code: body.code, message: body.message }).toEqual({
    status: 400,
    code: 'credentials-rejected',
    message: 'It wants another certificate.',
  })
  // Without an alert where the server just closes, which Node's does under TLS 1.3.
  expect(body.probe.failure.kind).toMatch(/^(tls|reset)$/)
})

test('none at all is missing', async () => {
  const { status, body } = await provision({})
  expect({ status, missing: body.missing }).toEqual({
    status: 400,
    missing: [{ key: 'cert', name: 'Certificate' }],
  })
})
