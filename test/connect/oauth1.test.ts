import { afterAll, beforeAll, expect, test } from 'vitest'
import { byConsent, judged, oauth1Element } from '../support/oauth1-elements.ts'
import { type OAuth1Server, startOAuth1Server } from '../support/oauth1-server.ts'
import { findTraces } from '../support/traces.ts'
import { startWorld, type World } from '../support/world.ts'
import { Customer, createSession, readSession } from './customer.ts'

const client = { key: 'app-key', secret: 'consumer-secret-of-the-app-4711' }
const answers = { elementId: 9881, authentication: 'oauth1' }

let server: OAuth1Server
let world: World
beforeAll(async () => {
  server = await startOAuth1Server({ clients: [client] })
  world = await startWorld({
    definitions: [oauth1Element(9881, 'signed', { ...byConsent, ...judged })],
    allow: ['127.0.0.1'],
  })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const configuration = (secret = client.secret) => ({
  server: server.url,
  client: client.key,
  'client.secret': secret,
})

async function begin(given: object) {
  const session = await createSession(world, { element: { key: 'signed' }, configuration: given })
  const customer = new Customer(world)
  await customer.open(session.url)
  return { session, customer }
}

test('a customer consents at a vendor with OAuth 1, and no secret reaches the browser', async () => {
  const { session, customer } = await begin(configuration())
  expect((await customer.form()).body.elements[0].authentications[0].consent).toBe(true)
  const { body } = await customer.authorize(answers)
  const went = await customer.visit(body.url)
  const back = await server.consent(went.headers.location as string)
  const stranger = await new Customer(world).visit(back)
  expect(stranger.status).toBe(400)
  const landed = await customer.visit(back)
  expect(landed.status, landed.text).toBe(200)
  const { instance } = await readSession(world, session.id)
  expect(instance.state).toBe('verified')
  const secrets = { consumer: client.secret, token: instance.token }
  expect(findTraces(customer.received.join('\n'), secrets)).toEqual([])
  expect((await customer.visit(back)).status).toBe(400)
})

test('a vendor that gives no request token is told of before the browser is sent anywhere', async () => {
  const wrong = 'a-wrong-secret-of-the-app-4711'
  const { session, customer } = await begin(configuration(wrong))
  const { status, body, text } = await customer.authorize(answers)
  expect([status, body.code]).toEqual([400, 'credentials-rejected'])
  expect(findTraces(text, { wrong })).toEqual([])
  expect(text).not.toContain(client.key)
  expect(await readSession(world, session.id)).toMatchObject({
    status: 'opened',
    statusReason: body.message,
  })
})
