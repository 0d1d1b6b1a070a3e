import { request as httpRequest, type ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Listener, listen } from '../egress/listener.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'
import { instanceOf, through } from './through.ts'
import { elementWith } from './types-elements.ts'

const session = {
  type: 'session',
  login: {
    method: 'POST',
    path: 'login',
    body: { form: { user: '{user}', password: '{secret}' } },
    rules: [{ when: { status: 200 }, verdict: 'verified' }],
    extract: { 'session.token': { json: '/access_token' } },
  },
  headers: { authorization: 'Bearer {session.token}' },
}
const grant = {
  type: 'oauth2',
  grant: 'clientCredentials',
  tokenUrl: '{server}/login',
  clientId: '{user}',
  clientAuthentication: 'post',
  clientSecret: '{secret}',
}
const single = { settings: { concurrency: 1 } }
const definitions = [
  elementWith(9811, { ...session, name: 'Session' } as never),
  elementWith(9812, { ...session, name: 'SingleSession' } as never, single),
  elementWith(9813, { ...grant, name: 'SingleTokens' } as never, single),
]

let world: World
let vendor: Listener
let valid = ''
let logins = 0
let calls = 0
let isHolding = false
/** Logins that are not answered yet. */
const held: ServerResponse[] = []

beforeAll(async () => {
  vendor = await listen((request, response) => {
    request.resume()
    if (request.url !== '/login') {
      calls += 1
      const isKnown = request.headers.authorization === `Bearer ${valid}`
      response.writeHead(isKnown ? 200 : 401).end('here')
    } else {
      logins += 1
      if (isHolding) held.push(response)
      else grantTo(response)
    }
  })
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})
beforeEach(() => {
  isHolding = false
})

function grantTo(response: ServerResponse) {
  valid = `access-token-number-${logins}-of-some-length`
  response.end(JSON.stringify({ access_token: valid, token_type: 'Bearer' }))
}

/** The login that is held, from now on answered as the others are. */
function release() {
  isHolding = false
  for (const response of held.splice(0)) grantTo(response)
}

/** An instance whose next login is held. */
async function connect(element: string, settings: object = {}) {
  const given = { server: vendor.origin, user: 'u', secret: 'a-secret-of-some-length' }
  const instance = await instanceOf(world, element, given, settings)
  logins = 0
  calls = 0
  isHolding = true
  world.log.splice(0)
  return instance
}
type Instance = Awaited<ReturnType<typeof connect>>

/** A call whose client can leave, with a body that is kept for as long as it may be needed. */
function begin({ authorization }: Instance) {
  const sent = httpRequest(`${world.url}/proxy/x`, {
    method: 'POST',
    headers: { authorization, 'content-length': '4' },
  })
  sent.on('error', () => {})
  sent.end('body')
  return sent
}

const lines = () =>
  world.log.map((line) => JSON.parse(line)).filter(({ route }) => route?.includes('/proxy'))
const inFlight = ({ id }: Instance) =>
  world.context.breakers.states(`${world.organizationId}/${id}`)[0]?.inFlight
const statusOf = async (instance: Instance, headers = {}) => {
  const { status, code } = await through(world, instance, 'GET', '/x', { headers })
  return code ?? status
}

test('a login that many calls wait for counts once, and each of them has its place', async () => {
  const instance = await connect('session')
  const waiting = Array.from({ length: 20 }, () => statusOf(instance))
  await until(() => inFlight(instance) === 21)
  expect([held.length, world.context.limiter.counts.waiting]).toEqual([1, 0])
  held.splice(0)[0]!.socket!.end('this is not HTTP\r\n\r\n')
  expect(await Promise.all(waiting)).toEqual(Array(20).fill('vendor-unexpected'))
  const states = world.context.breakers.states(`${world.organizationId}/${instance.id}`)
  expect(states).toMatchObject([{ state: 'closed', failures: 1, inFlight: 0 }])
  expect(logins).toBe(1)
})

describe('a client that leaves while a login is under way', () => {
  test('ends its call at once, and the login goes on', async () => {
    const instance = await connect('session')
    const sent = begin(instance)
    await until(() => held.length === 1 && world.context.bodyRoom.taken === 4)
    expect(inFlight(instance)).toBe(2)
    sent.destroy()
    await until(() => lines().length === 1)
    expect(lines()).toMatchObject([{ status: 499, code: 'client-left', instanceId: instance.id }])
    expect(world.context.bodyRoom.taken).toBe(0)
    expect([held.length, held[0]!.closed, inFlight(instance)]).toEqual([1, false, 1])
    release()
    await until(() => inFlight(instance) === 0)
    expect(await statusOf(instance)).toBe(200)
    expect([logins, calls]).toEqual([1, 1])
  })

  test('leaves the others their login', async () => {
    const instance = await connect('session')
    const leaving = [begin(instance), begin(instance)]
    const staying = [statusOf(instance), statusOf(instance)]
    await until(() => inFlight(instance) === 5)
    for (const sent of leaving) sent.destroy()
    await until(() => lines().length === 2)
    release()
    expect(await Promise.all(staying)).toEqual([200, 200])
    expect([logins, calls]).toEqual([1, 2])
  })

  test('says nothing of the vendor', async () => {
    const instance = await connect('session')
    for (let at = 1; at <= 7; at += 1) {
      const sent = begin(instance)
      await until(() => inFlight(instance) === 2)
      sent.destroy()
      await until(() => lines().length === at)
    }
    release()
    expect(await statusOf(instance)).toBe(200)
    expect(logins).toBe(1)
  })

  test('has taken nothing of a rate limit', async () => {
    const instance = await connect('session', { rateLimits: [{ amount: 2, unit: 'day' }] })
    for (let at = 1; at <= 3; at += 1) {
      const sent = begin(instance)
      await until(() => inFlight(instance) === 2)
      sent.destroy()
      await until(() => lines().length === at)
    }
    release()
    const impatient = { 'elements-wait-timeout': '0.5' }
    const found = [await statusOf(instance), await statusOf(instance)]
    expect([...found, await statusOf(instance, impatient)]).toEqual([200, 200, 'limit-wait-over'])
  })
})

describe.each(['singlesession', 'singletokens'])(
  'a client that leaves while what has ended is renewed (%s)',
  (element) => {
    test('ends its call at once, and gives back its place in the pool', async () => {
      const instance = await connect(element)
      isHolding = false
      expect(await statusOf(instance)).toBe(200)
      valid = 'another'
      logins = 0
      calls = 0
      isHolding = true
      world.log.splice(0)
      const sent = begin(instance)
      await until(() => held.length === 1)
      expect(world.context.limiter.counts.placed).toBe(1)
      sent.destroy()
      await until(() => lines().length === 1)
      expect(lines()).toMatchObject([{ status: 499, code: 'client-left' }])
      await until(() => world.context.limiter.counts.placed === 0)
      expect([held.length, held[0]!.closed]).toEqual([1, false])
      expect(world.context.bodyRoom.taken).toBe(0)
      release()
      expect(await statusOf(instance)).toBe(200)
      expect(logins).toBe(1)
    })
  },
)
