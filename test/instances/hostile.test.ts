import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { tickets } from '../elements/tickets.ts'
import { type Answer, call, countStored } from '../support/client.ts'
import { type Reply, startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
let vendor: WebServer
let reply: Reply
beforeAll(async () => {
  vendor = await startWebServer(() => reply)
  world = await startWorld({ allow: [new URL(vendor.url).host] })
})
beforeEach(() => {
  reply = { body: {} }
  vendor.received.length = 0
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const verified = [{ when: { status: 200 }, verdict: 'verified' }]
const note = { key: 'note', name: 'Note', type: 'text' }
let elements = 0

/** Makes an element of the organization's own, and an instance of it; answers what was refused. */
async function connect(changes: object, configuration: object = {}): Promise<Answer> {
  elements += 1
  const key = `hostile${elements}`
  const body = { ...tickets(vendor.url), key, ...changes }
  const made = await call(world, 'POST', '/elements', { body })
  if (made.status !== 200) return made
  return call(world, 'POST', `/elements/${key}/instances`, {
    body: { name: 'N', configuration: { 'api.key': 'secret-of-a-user', ...configuration } },
  })
}

describe('a definition whose request cannot carry the credentials is refused before it is sent', () => {
  const soap = { type: 'soap', name: 'S', element: 'Login', fields: [] }
  const fields = { type: 'body', name: 'B', fields: { key: '{api.key}' } }
  const text = { 'content-type': 'text/plain' }
  test.each<[string, object, object]>([
    ['XML that is no envelope', soap, { body: { xml: '<a/>' } }],
    ['an envelope that breaks off', soap, { body: { xml: '<Envelope><Body>' } }],
    ['JSON that is no object', fields, { body: { json: [1] } }],
    ['neither JSON nor a form', fields, { body: { json: {} }, headers: text }],
  ])('%s', async (_, authentication, step) => {
    const { status, body } = await connect({
      authentications: [authentication],
      probes: [{ method: 'POST', path: 'me', rules: verified, ...step }],
    })
    expect([status, body.code]).toEqual([400, 'configuration-invalid'])
    expect(body.invalid).toMatchObject([{ key: 'authentication' }])
    expect(vendor.received).toEqual([])
  })
})

test('a JWT whose header says that it is signed otherwise is no definition', async () => {
  for (const headerClaims of [{ crit: ['x'] }, { crit: ['b64'], b64: false }]) {
    const signing = { algorithm: 'HS256', signingKey: '{api.key}', headerClaims }
    const { body } = await connect({ authentications: [{ type: 'jwt', name: 'J', ...signing }] })
    expect(body.code).toBe('definition-invalid')
    expect(body.invalid[0].key).toContain('/authentications/0/headerClaims')
  }
})

test('a value that a definition repeats over and over is refused before it is sent', async () => {
  const many = Array.from({ length: 2000 }, () => '{note}')
  const step = { method: 'POST', path: 'me', body: { json: many }, rules: verified }
  const changes = { entries: [...tickets(vendor.url).entries, note], probes: [step] }
  const { status, body } = await connect(changes, { note: 'n'.repeat(16_000) })
  expect(status).toBe(400)
  expect(body.invalid).toEqual([{ key: 'note', reason: 'makes the request too large' }])
  expect(vendor.received).toEqual([])
  expect((await connect(changes, { note: 'n' })).status).toBe(200)
})

test.each(['a\\u0000b', 'a\\ud800b'])(
  'what a vendor tells is not taken where it cannot be stored: %s',
  async (account) => {
    const before = await countStored(world)
    reply = { body: `{"account":"${account}"}`, headers: { 'content-type': 'application/json' } }
    const extract = { note: { json: '/account' } }
    const { status, body } = await connect({
      entries: [...tickets(vendor.url).entries, { ...note, discovered: true }],
      probes: [{ method: 'GET', path: 'me', extract, rules: verified }],
    })
    expect([status, body.code]).toEqual([502, 'vendor-unexpected'])
    expect(body.message).toContain('lacks what is needed to go on (note)')
    expect((await countStored(world)).instances).toBe(before.instances)
  },
)

test.each(['1e300', '1e12', '-1', '"soon"'])('a token may live for %s seconds', async (seconds) => {
  const token = `{"access_token":"token-of-the-vendor","token_type":"Bearer","expires_in":${seconds}}`
  reply = { body: token, headers: { 'content-type': 'application/json' } }
  const client = { clientId: 'x', clientSecret: '{api.key}', clientAuthentication: 'post' }
  const grant = { grant: 'clientCredentials', tokenUrl: '{server}/token' }
  const { status, body } = await connect({
    authentications: [{ type: 'oauth2', name: 'O', ...grant, ...client }],
  })
  expect([status, body.state]).toEqual([200, 'verified'])
})
