import { X509Certificate } from 'node:crypto'
import forge from 'node-forge'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { retire } from '../../src/vault/retire.ts'
import { listenTls } from '../egress/listener.ts'
import { createAuthority } from '../support/authority.ts'
import { call } from '../support/client.ts'
import { elementWithoutProbe } from '../support/elements.ts'
import { startWorld, type World } from '../support/world.ts'
import { Customer, createSession, readSession } from './customer.ts'

const quiet = { element: { key: 'quiet' } }
const answers = { elementId: 9001, authentication: 'basic', configuration: { secret: 'x' } }
const mutual = {
  ...elementWithoutProbe,
  id: 9004,
  key: 'mutual',
  entries: [
    { key: 'server', name: 'Server', type: 'url', required: true },
    { key: 'cert', name: 'Certificate', type: 'certificate', required: true },
  ],
  baseUrl: '{server}',
  authentications: [{ type: 'certificate', name: 'Certificate', certificate: 'cert' }],
  probes: [{ method: 'GET', path: 'me', rules: [{ when: { status: 200 }, verdict: 'verified' }] }],
}

const authority = createAuthority()
let world: World
beforeAll(async () => {
  world = await startWorld({
    definitions: [elementWithoutProbe, mutual],
    allow: ['127.0.0.1'],
    egress: { ca: authority.caPem },
  })
})
afterAll(() => world[Symbol.asyncDispose]())

const query = (text: string, values: unknown[] = []) =>
  world.context.db.pool.query(text, values).then(({ rows }) => rows)

test('a link and a page go on working while the pepper turns, which waits for their end', async () => {
  const { db, vault } = world.context
  const [link, page] = await Promise.all([1, 2].map(() => createSession(world, quiet)))
  const customer = new Customer(world)
  await customer.open(page.url)
  await vault.turnPepper(new Date())
  expect((await customer.form()).status).toBe(200)
  const late = new Customer(world)
  expect((await late.open(link.url)).status).toBe(200)
  expect((await late.provision(answers)).status).toBe(200)
  const settled = { settledMs: 0 }
  expect((await retire(db, vault, settled)).removed.peppers).toBe(0)
  await query("update connect_sessions set expires_at = now() - interval '1 s'")
  expect((await retire(db, vault, settled)).removed.peppers).toBe(1)
})

test('a week after its end a session is swept, with what was set beforehand', async () => {
  const own = { ...world, ...(await world.addOrganization()) }
  const preset = { ...quiet, configuration: { secret: 'preset' } }
  const [old, kept] = [await createSession(own, preset), await createSession(own, preset)]
  const age = 'update connect_sessions set expires_at = now() - $2::interval where id = $1'
  await query(age, [old.id, '7 days 1 minute'])
  await query(age, [kept.id, '6 days 23 hours'])
  for (let made = 0; made < 16; made += 1) await createSession(own, quiet)
  const left = await query(
    'select id from connect_sessions where organization_id = $1 and id = any($2)',
    [own.organizationId, [old.id, kept.id]],
  )
  expect(left.map(({ id }: { id: number }) => id)).toEqual([kept.id])
  const secrets = await query(
    "select owner from secrets where organization_id = $1 and owner like 'connect-session/%'",
    [own.organizationId],
  )
  expect(secrets).toEqual([{ owner: `connect-session/${kept.id}` }])
})

test('a customer sends a certificate as a file, and never names one of the client app', async () => {
  const { key, cert } = authority.issue({ names: ['acme.example'], clientAuth: true })
  const own = authority.issue({ names: ['127.0.0.1'] })
  const seen: string[] = []
  const tls = { ...own, ca: authority.caPem, requestCert: true, rejectUnauthorized: true }
  await using vendor = await listenTls(tls, (request, response) => {
    seen.push(request.url!)
    response.end('{}')
  })
  const { body: stored } = await call(world, 'POST', '/certificates', {
    body: { name: 'Ours', origins: [vendor.origin], certificate: cert, key },
  })
  const passphrase = 'passphrase-0815'
  const privateKey = forge.pki.privateKeyFromPem(key)
  const chain = [forge.pki.certificateFromPem(cert)]
  const options = { algorithm: '3des' as const }
  const asn1 = forge.pkcs12.toPkcs12Asn1(privateKey, chain, passphrase, options)
  const file = forge.util.encode64(forge.asn1.toDer(asn1).getBytes())

  const session = await createSession(world, { element: { key: 'mutual' } })
  const customer = new Customer(world)
  await customer.open(session.url)
  const send = (configuration: object) =>
    customer.provision({
      elementId: 9004,
      authentication: 'certificate',
      configuration: { server: vendor.origin, ...configuration },
    })
  const describe = (configuration: object) =>
    customer.certificates({ elementId: 9004, authentication: 'certificate', configuration })
  expect((await describe({ cert: file, 'cert.passphrase': passphrase })).body).toEqual([
    {
      key: 'cert',
      subject: expect.stringContaining('acme.example'),
      issuer: expect.any(String),
      notAfter: new Date(new X509Certificate(cert).validTo).toISOString(),
    },
  ])
  expect((await describe({ cert: file, 'cert.passphrase': 'wrong' })).body).toMatchObject({
    code: 'configuration-invalid',
    invalid: [{ key: 'cert.passphrase' }],
  })
  expect((await describe({ cert: stored.id })).status).toBe(400)
  expect((await describe({})).body).toEqual([])
  for (const id of [stored.id, String(stored.id), ` ${stored.id} `]) {
    const { status, body } = await send({ cert: id })
    expect([status, body.code]).toEqual([400, 'configuration-invalid'])
  }
  expect((await send({ cert: file, 'cert.passphrase': 'wrong' })).body).toMatchObject({
    code: 'configuration-invalid',
    invalid: [{ key: 'cert.passphrase' }],
  })
  expect(seen).toEqual([])
  expect((await send({ cert: file, 'cert.passphrase': passphrase })).status).toBe(200)
  expect(seen).toEqual(['/me'])
  expect(await readSession(world, session.id)).toMatchObject({
    status: 'succeeded',
    instance: { configuration: { cert: '********' } },
  })
})
