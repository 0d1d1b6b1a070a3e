import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { accessFor } from '../../src/tokens/renew.ts'
import { Customer, createSession, readSession } from '../connect/customer.ts'
import { type Listener, listenTls } from '../egress/listener.ts'
import { createAuthority } from '../support/authority.ts'
import { call } from '../support/client.ts'
import { consentElement } from '../support/consent-elements.ts'
import { findTraces } from '../support/traces.ts'
import { startWorld, type World } from '../support/world.ts'

const authority = createAuthority()
const { key, cert } = authority.issue({ names: ['acme.example'], clientAuth: true })
const pem = `${cert}${key}`
const elementId = 9891
const callbackUrl = 'https://app.example.com/callback'

let world: World
let vendor: Listener
/** Whom the vendor saw, and what its token endpoint was sent. */
let seen: { subject: string; path: string; form: Record<string, string> }[]

beforeAll(async () => {
  const server = authority.issue({ names: ['127.0.0.1'] })
  vendor = await listenTls(
    { ...server, ca: authority.caPem, requestCert: true, rejectUnauthorized: true },
    async (request, response) => {
      const form = Object.fromEntries(new URLSearchParams(await read(request)))
      const subject = String((request.socket as TLSSocket).getPeerCertificate().subject.CN)
      const path = request.url!
      seen.push({ subject, path, form })
      response.writeHead(200, { 'content-type': 'application/json' })
      const number = seen.length
      response.end(
        JSON.stringify({
          access_token: `access-token-number-${number}`,
          refresh_token: `refresh-token-number-${number}`,
          token_type: 'Bearer',
          expires_in: 3600,
        }),
      )
    },
  )
  const mutual = consentElement(elementId, 'mutual', {
    clientAuthentication: 'certificate',
    clientSecret: undefined,
    certificate: 'cert',
  })
  const entries = mutual.entries.map((entry) => ({ ...entry, required: entry.key === 'cert' }))
  world = await startWorld({
    definitions: [{ ...mutual, entries }],
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

async function read(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}

const asClient = (form: object) => ({
  subject: 'acme.example',
  path: '/token',
  form: expect.objectContaining({ client_id: 'app', ...form }),
})
const expired = `update oauth_tokens set expires_at = now() where instance_id = $1`

async function ask() {
  const query = new URLSearchParams({ server: vendor.origin, apiKey: 'app', callbackUrl })
  const answer = await call(world, 'GET', `/elements/mutual/oauth/url?${query}`)
  expect(answer.status, answer.text).toBe(200)
  return answer.body.state as string
}

test('a code is exchanged, and its tokens refreshed, by a client that presents a certificate', async () => {
  const providerData = { code: 'a-code-of-some-length', state: await ask() }
  const body = { element: { key: 'mutual' }, name: 'N', configuration: { cert: pem }, providerData }
  const answer = await call(world, 'POST', '/instances', { body })
  expect(answer.body).toMatchObject({ state: 'verified', configuration: { cert: '********' } })
  const exchange = asClient({ grant_type: 'authorization_code', code: 'a-code-of-some-length' })
  expect(seen).toEqual([exchange, expect.objectContaining({ subject: 'acme.example' })])
  expect(seen[0]!.form).not.toHaveProperty('client_secret')

  const { organizationId } = world
  await world.context.db.pool.query(expired, [answer.body.id])
  await accessFor(world.context, { organizationId, instanceId: answer.body.id })
  expect(seen.slice(2)).toEqual([asClient({ refresh_token: 'refresh-token-number-1' })])
})

test('the certificate may be one that is kept and named', async () => {
  const kept = await call(world, 'POST', '/certificates', {
    body: { name: 'Acme', certificate: cert, key, origins: [vendor.origin] },
  })
  expect(kept.status, kept.text).toBe(200)
  const providerData = { code: 'a-code-of-some-length', state: await ask() }
  const configuration = { cert: String(kept.body.id) }
  const body = { element: { key: 'mutual' }, name: 'N', configuration, providerData }
  const answer = await call(world, 'POST', '/instances', { body })
  expect(answer.body).toMatchObject({ state: 'verified' })
  expect(seen[0]).toEqual(asClient({ grant_type: 'authorization_code' }))
})

test('without its certificate no code is sent, and the consent is good for another try', async () => {
  const providerData = { code: 'a-code-of-some-length', state: await ask() }
  const body = { element: { key: 'mutual' }, name: 'N', providerData }
  const refused = await call(world, 'POST', '/instances', { body })
  expect(refused.body).toMatchObject({
    code: 'configuration-incomplete',
    missing: [{ key: 'cert', name: 'Certificate' }],
  })
  expect(seen).toEqual([])
  const again = { ...body, configuration: { cert: pem } }
  expect((await call(world, 'POST', '/instances', { body: again })).status).toBe(200)
})

test('a customer’s certificate waits for the consent, sealed', async () => {
  const session = await createSession(world, {
    element: { key: 'mutual' },
    configuration: { server: vendor.origin, id: 'app' },
  })
  const customer = new Customer(world)
  await customer.open(session.url)
  const { body } = await customer.authorize({
    elementId,
    authentication: 'oauth2',
    configuration: { cert: pem },
  })
  const went = await customer.visit(body.url)
  const state = new URL(went.headers.location as string).searchParams.get('state')!
  const { rows } = await world.context.db.pool.query('select secrets::text as row from secrets')
  expect(findTraces(rows.map(({ row }) => row).join('\n'), { key, cert })).toEqual([])
  const back = `${world.url}/oauth/callback?${new URLSearchParams({ code: 'a-code', state })}`
  const landed = await customer.visit(back)
  expect(landed.status, landed.text).toBe(200)
  expect(seen[0]).toEqual(asClient({ grant_type: 'authorization_code', code: 'a-code' }))
  expect(await readSession(world, session.id)).toMatchObject({ status: 'succeeded' })
  const left = await world.context.db.pool.query(
    `select from secrets where owner like 'authorization/%' or owner like 'connect-session/%'`,
  )
  expect(left.rows).toEqual([])
})
