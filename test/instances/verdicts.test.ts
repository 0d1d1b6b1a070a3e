import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { problems } from '../../src/http/errors.ts'
import type { Behaviour } from '../../src/sandbox/behaviour.ts'
import { call, countStored, helpDesk } from '../support/client.ts'
import { api3, startWorld, type World } from '../support/world.ts'

let world: World
let stored: Record<string, number>
beforeAll(async () => {
  world = await startWorld({ probeDeadlineMs: 1000 })
})
afterAll(() => world[Symbol.asyncDispose]())
beforeEach(async () => {
  stored = await countStored(world)
})
afterEach(async () => {
  world.sandbox.reset()
  expect(await countStored(world)).toEqual(stored)
})

const secret = 'wrong-but-quite-unique-8f2c'
const entry = (name: string) => `helpdesk.connectwise.${name}`
const rest = (configuration: object = {}) => ({
  name: 'REST',
  element: { key: 'connectwisecrmrest' },
  configuration: {
    'base.url': world.sandbox.url,
    company: 'company_f',
    'public.key': 'sandbox-public',
    'private.key': 'sandbox-private',
    'connectwise.clientID': '1d2f3a4b-5c6d-4e7f-8091-a2b3c4d5e6f7',
    ...configuration,
  },
})

async function refused(code: keyof typeof problems, body: object) {
  const answer = await call(world, 'POST', '/instances', { body })
  expect([answer.body.code, answer.status]).toEqual([code, problems[code].status])
  expect(answer.body.message).toMatch(/.{20}/)
  expect(answer.text).not.toContain(secret)
  return answer
}

describe('rejected', () => {
  test('a wrong password is refused with the vendor’s words and the exchange', async () => {
    const { body } = await refused(
      'credentials-rejected',
      helpDesk(world, { [entry('password')]: secret }),
    )
    expect(body.providerMessage).toContain('Username or password is incorrect')
    expect(body.message).toContain('Integrator Login')
    expect(body.probe).toMatchObject({
      verdict: 'rejected',
      durationMs: expect.any(Number),
      request: {
        method: 'POST',
        url: `${world.sandbox.url}/v2015_3/apis/2.0/SystemApi.asmx`,
        headers: { soapaction: '"http://connectwise.com/GetIntegratorLoginInfo"' },
      },
      response: { status: 500, headers: { 'content-type': 'text/xml; charset=utf-8' } },
      failure: null,
    })
    expect(body.probe.request.body).toContain('<IntegratorPassword>********</IntegratorPassword>')
    expect(body.probe.request.body).toContain('<IntegratorLoginId>api1</IntegratorLoginId>')
    expect(body.probe.response.body).toContain('Username or password is incorrect')
  })

  test('wrong REST keys are refused', async () => {
    const { body } = await refused('credentials-rejected', rest({ 'private.key': secret }))
    expect(body.probe.request.headers.authorization).toBe('Basic ********')
    expect(body.probe.response.status).toBe(401)
  })

  test('a secret too short to be scrubbed for certain leaves the vendor’s words out', async () => {
    const { body } = await refused(
      'credentials-rejected',
      helpDesk(world, { [entry('password')]: 'abc' }),
    )
    expect(body.probe.response).toMatchObject({ status: 500, body: null })
    expect(body.providerMessage).toBeUndefined()
  })
})

describe('insufficient', () => {
  test('a login without the rights needed is refused, for SOAP and for REST', async () => {
    const login = { [entry('username')]: api3.id, [entry('password')]: api3.password }
    const { body } = await refused('credentials-insufficient', helpDesk(world, login))
    expect(body.message).toContain('Service API')
    const limited = { 'public.key': 'sandbox-limited', 'private.key': 'sandbox-limited' }
    await refused('credentials-insufficient', rest(limited))
  })
})

describe('misdirected', () => {
  test('a wrong WSDL path is refused in the words that clients know', async () => {
    const { body } = await refused(
      'vendor-misdirected',
      helpDesk(world, { [entry('wsdl.path')]: '/v1/' }),
    )
    expect(body.message).toBe(
      'Failed to connect to the API URL. Validate that you are using the correct WSDL path.',
    )
  })

  test('a wrong company is refused', async () => {
    await refused('vendor-misdirected', helpDesk(world, { [entry('company')]: 'company_x' }))
    await refused('vendor-misdirected', rest({ company: 'company_x' }))
  })

  test('a page for people in the place of the API is refused', async () => {
    world.sandbox.behave({ behaviour: 'html', status: 200 })
    await refused('vendor-misdirected', helpDesk(world))
  })

  test.each([401, 403])(
    'a page with status %i says nothing of credentials in the body',
    async (status) => {
      world.sandbox.behave({ behaviour: 'html', status })
      await refused('vendor-misdirected', helpDesk(world))
    },
  )

  test('a redirect to another origin is told, and not followed', async () => {
    world.sandbox.behave({
      behaviour: 'redirect',
      status: 307,
      location: `http://localhost:${world.sandbox.port}/x`,
    })
    const { body } = await refused('vendor-misdirected', rest())
    expect(body.message).toContain(`http://localhost:${world.sandbox.port}`)
    expect(world.sandbox.requests.at(-1)?.url).toBe('/v4_6_release/apis/3.0/system/info')
  })
})

describe('throttled', () => {
  test('a vendor that asks to wait is passed on with its Retry-After', async () => {
    world.sandbox.behave({ behaviour: 'throttle', retryAfter: 17 })
    const { headers } = await refused('vendor-throttled', rest())
    expect(headers['retry-after']).toBe('17')
  })

  test('without a Retry-After there is one all the same', async () => {
    world.sandbox.behave({ behaviour: 'throttle', retryAfter: null })
    const { headers } = await refused('vendor-throttled', helpDesk(world))
    expect(Number(headers['retry-after'])).toBeGreaterThan(0)
  })
})

describe('unreachable', () => {
  test('a host without an address is refused, naming it', async () => {
    const address = { [entry('server.url')]: 'https://no-such-host.invalid' }
    const { body } = await refused('vendor-unreachable', helpDesk(world, address))
    expect(body.message).toContain('no-such-host.invalid')
    expect(body.probe).toMatchObject({ response: null, failure: { kind: 'name' } })
  })

  test.each<[string, Behaviour]>([
    ['resets', 'reset'],
    ['closes without an answer', 'drop'],
  ])('a vendor that %s is unreachable', async (_, behaviour) => {
    world.sandbox.behave(behaviour)
    const { body } = await refused('vendor-unreachable', helpDesk(world))
    expect(body.probe.failure.kind).toBe('reset')
  })

  test('a vendor that does not speak TLS is unreachable', async () => {
    const address = { [entry('server.url')]: `https://127.0.0.1:${world.sandbox.port}` }
    const { body } = await refused('vendor-unreachable', helpDesk(world, address))
    expect(body.probe.failure.kind).toBe('tls')
  })
})

test.each<Behaviour>(['hang', 'drip', 'dripHeaders'])(
  'a vendor that does not end (%s) is late, within the deadline',
  async (behaviour) => {
    world.sandbox.behave(behaviour)
    const { body } = await refused('vendor-late', helpDesk(world))
    expect(body.probe).toMatchObject({ verdict: 'late', response: null, failure: { kind: 'late' } })
  },
)

test.each<[Behaviour, string | null]>([
  ['flood', 'too-large'],
  [{ behaviour: 'bomb', mebibytes: 4 }, 'too-large'],
  ['garbage', 'malformed'],
  ['hugeHeaders', 'malformed'],
  [{ behaviour: 'status', status: 503 }, null],
  [{ behaviour: 'status', status: 418 }, null],
  [{ behaviour: 'status', status: 403 }, null],
  ['invalidXml', null],
  ['deepXml', null],
])('an answer that no rule knows (%o) is unexpected', async (behaviour, kind) => {
  world.sandbox.behave(behaviour)
  const { body } = await refused('vendor-unexpected', helpDesk(world))
  expect(body.probe.failure?.kind ?? null).toBe(kind)
})

test.each([
  'http://169.254.169.254',
  'http://10.0.0.1',
  'https://127.0.0.1',
  'https://0x7f.1',
  'https://[::1]',
  'https://[::ffff:7f00:1]',
  'https://localhost',
  'http://example.com',
  'https://93.184.215.14:22',
])('the destination %s is forbidden', async (address) => {
  const { body } = await refused(
    'destination-forbidden',
    helpDesk(world, { [entry('server.url')]: address, [entry('password')]: secret }),
  )
  expect(body.probe).toMatchObject({ verdict: 'forbidden', response: null })
})

test('a redirect inward is forbidden', async () => {
  world.sandbox.behave({
    behaviour: 'redirect',
    status: 307,
    location: 'http://169.254.169.254/latest/meta-data',
  })
  await refused('destination-forbidden', rest())
})

test.each<Behaviour>(['controlCharacters', 'invalidUtf8'])(
  'what vendors write against the standards (%s) is tolerated',
  async (behaviour) => {
    world.sandbox.behave(behaviour)
    const { status } = await call(world, 'POST', '/instances', { body: helpDesk(world) })
    expect(status).toBe(200)
    stored = await countStored(world)
  },
)
