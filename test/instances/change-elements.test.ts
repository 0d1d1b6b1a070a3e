import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Listener, listenTls } from '../egress/listener.ts'
import { createAuthority } from '../support/authority.ts'
import { type Answer, call } from '../support/client.ts'
import { openSecret } from '../support/oauth-elements.ts'
import { type Received, startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'

const secret = (key: string, more: object = {}) => ({
  key,
  name: key,
  type: 'password',
  secret: true,
  ...more,
})
const text = (key: string, more: object = {}) => ({ key, name: key, type: 'text', ...more })
const only = (...authentications: string[]) => ({ authentications })
const good = [{ when: { status: 200 }, verdict: 'verified' }]

const element = {
  format: 1,
  id: 9861,
  key: 'versatile',
  name: 'Versatile',
  hub: 'general',
  description: 'Knows its callers in two ways, and tells them where they are.',
  configDescription: 'Made up for the tests.',
  entries: [
    { key: 'server', name: 'Server', type: 'url', required: true, aliases: ['old.server'] },
    secret('key', { required: true, ...only('apiKey') }),
    text('region', { derived: '{key|after:-}', secret: false, ...only('apiKey') }),
    text('user', only('basic')),
    secret('pass', { required: true, ...only('basic') }),
    text('note', { default: 'none' }),
    text('tenant', { discovered: true }),
    { key: 'cert', name: 'Certificate', type: 'certificate' },
  ],
  baseUrl: '{server}',
  headers: { 'x-note': '{note}' },
  authentications: [
    { type: 'apiKey', name: 'Key', in: 'header', parameter: 'x-key', value: '{key}' },
    { type: 'basic', name: 'Login', username: '{user}', password: '{pass}' },
  ],
  probes: [
    { method: 'GET', path: 'me', extract: { tenant: { json: '/tenant' } }, rules: good },
    { method: 'GET', path: '{tenant}/items', rules: good },
  ],
}

const authority = createAuthority()
const pem = (name: string) => {
  const { cert, key } = authority.issue({ names: [name], clientAuth: true })
  return { cert, key, both: `${cert}${key}` }
}
const [first, second] = [pem('first.example'), pem('second.example')]

let vendor: WebServer
let secure: Listener
let tenant: string
let world: World
/** Whom the vendor knows. */
const knows = ({ headers }: Received) =>
  /^key-\w+$/.test(String(headers['x-key'])) ||
  headers.authorization === `Basic ${Buffer.from('someone:pass-word-1').toString('base64')}`

beforeAll(async () => {
  vendor = await startWebServer((request) =>
    knows(request) ? { body: { tenant } } : { status: 401, body: {} },
  )
  secure = await listenTls(authority.issue({ names: ['127.0.0.1'] }), (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"tenant":"safe"}')
  })
  world = await startWorld({
    definitions: [element],
    allow: ['127.0.0.1'],
    egress: { ca: authority.caPem },
  })
})
beforeEach(() => {
  tenant = 'one'
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
  await secure[Symbol.asyncDispose]()
})

async function provision(configuration: object = {}, type = 'apiKey'): Promise<number> {
  const given = {
    server: vendor.url,
    ...(type === 'apiKey' && { key: 'key-eu' }),
    ...configuration,
  }
  const body = {
    element: { key: 'versatile' },
    name: 'N',
    configuration: given,
    authentication: { type },
  }
  const answer = await call(world, 'POST', '/instances', { body })
  expect({ status: answer.status, code: answer.body.code }).toEqual({ status: 200 })
  return answer.body.id
}
const patch = (id: number, body: object) => call(world, 'PATCH', `/instances/${id}`, { body })
const configure = (id: number, configuration: object) => patch(id, { configuration })
const verify = (id: number) => call(world, 'POST', `/instances/${id}/verify`)
const codeOf = ({ status, body }: Answer) => ({ status, code: body.code })
const entriesOf = async (id: number) => {
  const { rows } = await world.context.db.pool.query(
    'select entry, secret_version from secrets where organization_id = $1 and owner = $2 order by entry',
    [world.organizationId, `instance/${id}`],
  )
  return Object.fromEntries(rows.map((row) => [row.entry, row.secret_version]))
}

describe('what the vendor told and what was derived', () => {
  test('stays while the secret that it comes from is kept, and is made anew with another', async () => {
    const id = await provision()
    const kept = await configure(id, { note: 'Hello' })
    expect(kept.body.configuration).toMatchObject({ note: 'Hello', region: 'eu', tenant: 'one' })
    tenant = 'two'
    const anew = await configure(id, { key: 'key-us' })
    expect(anew.body.configuration).toMatchObject({ note: 'Hello', region: 'us', tenant: 'two' })
    expect(vendor.received.at(-1)!.path).toBe('/two/items')
    expect(await entriesOf(id)).toEqual({ $token: 1, key: 2 })
  })

  test('is not the caller’s to say', async () => {
    const id = await provision()
    const { body } = await configure(id, { tenant: 'forged', region: 'forged', note: 'x' })
    expect(body.configuration).toMatchObject({ tenant: 'one', region: 'eu' })
  })

  test('is unchanged by a test', async () => {
    const id = await provision()
    tenant = 'two'
    expect((await verify(id)).body.configuration).toMatchObject({ tenant: 'one' })
  })
})

describe('another type of authentication', () => {
  const login = { user: 'someone', pass: 'pass-word-1' }

  test('takes the place of the first, with its entries', async () => {
    const id = await provision({ note: 'kept' })
    const { status, body } = await patch(id, {
      authentication: { type: 'basic' },
      configuration: login,
    })
    expect({ status, type: body.authentication.type }).toEqual({ status: 200, type: 'basic' })
    expect(body.configuration).toMatchObject({ user: 'someone', pass: '********', note: 'kept' })
    expect(body.configuration.key).toBe(null)
    expect(await entriesOf(id)).toEqual({ $token: 1, pass: 1 })
    expect((await verify(id)).status).toBe(200)
  })

  test('is proved first, and needs what it needs', async () => {
    const id = await provision()
    const authentication = { type: 'basic' }
    const wrong = await patch(id, { authentication, configuration: { ...login, user: 'nobody' } })
    expect(codeOf(wrong)).toEqual({ status: 400, code: 'credentials-rejected' })
    const { body } = await patch(id, { authentication })
    expect(body).toMatchObject({
      code: 'configuration-incomplete',
      missing: [{ key: 'pass', name: 'pass' }],
    })
    const none = await patch(id, { authentication: { type: 'magic' } })
    expect(codeOf(none)).toEqual({ status: 400, code: 'authentication-unclear' })
    expect(await entriesOf(id)).toEqual({ $token: 1, key: 1 })
    expect((await verify(id)).status).toBe(200)
  })
})

describe('another name of an entry', () => {
  test('changes the entry itself', async () => {
    const id = await provision()
    const moved = await configure(id, { 'old.server': 'https://elsewhere.example.com' })
    expect(codeOf(moved)).toEqual({ status: 422, code: 'secrets-required' })
    const { status, body } = await configure(id, { 'old.server': `${vendor.url}/`, note: 'n' })
    expect({ status, server: body.configuration.server }).toEqual({
      status: 200,
      server: `${vendor.url}/`,
    })
    expect(body.configuration).not.toHaveProperty(['old.server'])
  })
})

describe('a certificate', () => {
  const upload = async () => {
    const { cert: certificate, key } = second
    const body = { name: 'C', certificate, key, origins: [secure.origin] }
    const answer = await call(world, 'POST', '/certificates', { body })
    expect(answer.status).toBe(200)
    return answer.body.id as number
  }
  const remove = (id: number) => call(world, 'DELETE', `/certificates/${id}`)

  test('that came as a file is kept like any secret', async () => {
    const id = await provision({ cert: first.both })
    const sealed = await openSecret(world, id, 'cert')
    for (const configuration of [{ note: 'a' }, { note: 'b', cert: '********' }]) {
      const { status, body } = await configure(id, configuration)
      expect({ status, cert: body.configuration.cert }).toEqual({ status: 200, cert: '********' })
    }
    expect(await entriesOf(id)).toEqual({ $token: 1, cert: 1, key: 1 })
    expect((await configure(id, { cert: second.both })).status).toBe(200)
    expect(await openSecret(world, id, 'cert')).not.toBe(sealed)
    expect(await entriesOf(id)).toEqual({ $token: 1, cert: 2, key: 1 })
  })

  test('that is named cannot be deleted as long as it is, and no longer', async () => {
    const id = await provision({ server: secure.origin, cert: first.both })
    const [one, other] = [await upload(), await upload()]
    const named = await configure(id, { cert: one })
    expect(named.body.configuration.cert).toBe(one)
    expect(await entriesOf(id)).toEqual({ $token: 1, key: 1 })
    expect(codeOf(await remove(one))).toEqual({ status: 409, code: 'certificate-in-use' })
    expect((await configure(id, { note: 'kept' })).body.configuration.cert).toBe(one)
    expect((await configure(id, { cert: other })).status).toBe(200)
    expect((await remove(one)).status).toBe(200)
    expect((await configure(id, { cert: null })).body.configuration.cert).toBe(null)
    expect((await remove(other)).status).toBe(200)
    expect(codeOf(await configure(id, { cert: other }))).toEqual({
      status: 404,
      code: 'certificate-not-found',
    })
  })
})
