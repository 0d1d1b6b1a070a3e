import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { request } from 'undici'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { listen } from '../egress/listener.ts'
import { startWorld, type World } from '../support/world.ts'
import { instanceOf, through } from './through.ts'
import { elementWith } from './types-elements.ts'
import { type GatewayVendor, type Received, startGatewayVendor } from './types-vendor.ts'

const login = {
  method: 'POST',
  path: 'login',
  body: { form: { user: '{user}', password: '{secret}' } },
  rules: [{ when: { status: 200 }, verdict: 'verified' }],
  extract: { 'session.token': { json: '/access_token' } },
}
const headers = { authorization: 'Bearer {session.token}' }
const grant = {
  type: 'oauth2',
  grant: 'clientCredentials',
  tokenUrl: '{server}/login',
  clientId: '{user}',
  clientAuthentication: 'post',
  clientSecret: '{secret}',
}
const ended = [{ status: 200, json: { pointer: '/error', equals: 'ended' } }]

const definitions = [
  elementWith(9651, { type: 'session', name: 'Session', login, headers } as never),
  elementWith(9652, { ...grant, name: 'Tokens' } as never),
  elementWith(9653, { type: 'session', name: 'MarkedSession', login, headers, ended } as never),
  elementWith(9654, { ...grant, name: 'MarkedTokens', ended } as never),
  elementWith(9655, { type: 'basic', name: 'Plain', username: 'x', password: '{secret}' } as never),
]

let world: World
let vendor: GatewayVendor
let valid = ''
let logins = 0
let isOpen = true
/** How it says that it does not know a token. */
let refuse: (request: Received) => { status?: number; headers?: object; body?: string | Buffer }

beforeAll(async () => {
  vendor = await startGatewayVendor()
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})
beforeEach(() => {
  isOpen = true
  refuse = () => ({ status: 401 })
  vendor.answer = (request) => {
    if (request.target === '/login') {
      logins += 1
      if (!isOpen) return { status: 401 }
      valid = `access-token-number-${logins}-of-some-length`
      return { body: JSON.stringify({ access_token: valid, token_type: 'Bearer' }) }
    }
    const isKnown = request.headers.authorization === `Bearer ${valid}`
    return (isKnown ? { body: `got ${request.body.length}` } : refuse(request)) as object
  }
})

const given = () => ({ server: vendor.url, user: 'u', secret: 'a-secret-of-some-length' })

/** An instance that has called before, and the vendor as it knows it no more. */
async function endedInstance(element: string) {
  const instance = await instanceOf(world, element, given())
  const { status } = await through(world, instance, 'GET', '/first')
  expect(status).toBe(200)
  valid = 'another'
  logins = 0
  vendor.received.splice(0)
  return instance
}
const calls = () => vendor.received.filter(({ target }) => target !== '/login')

describe.each(['session', 'tokens'])('%s', (element) => {
  test('that end are renewed, and the call is sent again', async () => {
    const instance = await endedInstance(element)
    const answer = await through(world, instance, 'GET', '/x')
    expect([answer.status, answer.text]).toEqual([200, 'got 0'])
    expect(logins).toBe(1)
    expect(answer.headers['elements-attempts']).toBe('2')
  })

  test('are renewed once, however many calls wait for them', async () => {
    const instance = await endedInstance(element)
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => through(world, instance, 'GET', '/x')),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array(30).fill(200))
    expect(logins).toBe(1)
  })

  test('a small body is sent again, byte for byte', async () => {
    const instance = await endedInstance(element)
    const body = Buffer.from([0xff, 0, 0xc3])
    expect((await through(world, instance, 'POST', '/x', { body })).text).toBe('got 3')
    expect(calls().map((one) => one.body.equals(body))).toEqual([true, true])
  })

  test.each([
    ['comes in chunks', () => Readable.from([Buffer.from('abc')])],
    ['has more than 64 KiB', () => Buffer.alloc(64 * 1024 + 1)],
  ])(
    'a body that %s is not sent again: the answer stands, and the next call has what is new',
    async (_, body) => {
      const instance = await endedInstance(element)
      refuse = () => ({ status: 401, body: 'as the vendor said it' })
      const first = await through(world, instance, 'POST', '/x', { body: body() })
      expect([first.status, first.text, first.code]).toEqual([
        401,
        'as the vendor said it',
        undefined,
      ])
      expect(calls()).toHaveLength(1)
      const second = await through(world, instance, 'POST', '/x', { body: body() })
      expect(second.status).toBe(200)
      expect(calls()).toHaveLength(2)
    },
  )

  test('a vendor that refuses what it has just granted is asked no third time', async () => {
    const instance = await endedInstance(element)
    vendor.answer = ({ target }) =>
      target === '/login'
        ? { body: JSON.stringify({ access_token: 'a-useless-token-of-length' }) }
        : { status: 401, body: 'no' }
    const answer = await through(world, instance, 'GET', '/x')
    expect([answer.status, answer.text, answer.code]).toEqual([401, 'no', undefined])
    expect(calls()).toHaveLength(2)
  })

  test('where there is none to be had, we say so', async () => {
    const instance = await endedInstance(element)
    isOpen = false
    const answer = await through(world, instance, 'GET', '/x')
    expect(answer.code).toMatch(/^(credentials-rejected|reconnect-required|vendor-)/)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.message).not.toContain('a-secret-of-some-length')
    isOpen = true
  })
})

describe.each(['markedsession', 'markedtokens'])('%s', (element) => {
  const body = JSON.stringify({ error: 'ended' })

  test.each([
    ['as it is', {}, Buffer.from(body)],
    ['compressed', { 'content-encoding': 'gzip' }, gzipSync(body)],
  ])('a marker in the body, %s, means the end', async (_, headers, said) => {
    const instance = await endedInstance(element)
    refuse = () => ({ headers: { 'content-type': 'application/json', ...headers }, body: said })
    expect((await through(world, instance, 'GET', '/x')).text).toBe('got 0')
    expect(logins).toBe(1)
  })

  test('what is no marker comes as it was sent', async () => {
    const instance = await endedInstance(element)
    refuse = () => ({ body: JSON.stringify({ error: 'other' }) })
    expect((await through(world, instance, 'GET', '/x')).text).toBe('{"error":"other"}')
    refuse = () => ({ status: 401, body: 'no' })
    expect((await through(world, instance, 'GET', '/x')).status).toBe(401)
    expect(logins).toBe(0)
  })

  test('what comes bit by bit is not looked into: nobody waits for its end', async () => {
    const { promise: finish, resolve } = Promise.withResolvers<void>()
    await using events = await listen(async ({ url }, response) => {
      if (url === '/login') {
        response.end('{"access_token":"a-token-of-some-length","token_type":"Bearer"}')
        return
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
      await finish
      response.end('data: 2\n\n')
    })
    const { authorization } = await instanceOf(world, element, {
      ...given(),
      server: events.origin,
    })
    const answer = await request(`${world.url}/proxy/x`, { headers: { authorization } })
    let text = ''
    for await (const chunk of answer.body) {
      text += chunk
      resolve()
    }
    expect(text).toBe('data: 1\n\ndata: 2\n\n')
  })

  test('a marker behind 64 KiB is none, and nothing of a long answer is lost', async () => {
    const instance = await endedInstance(element)
    const long = JSON.stringify({ filler: 'x'.repeat(3 * 1024 * 1024), error: 'ended' })
    refuse = () => ({ body: long })
    expect((await through(world, instance, 'GET', '/x')).text).toBe(long)
    expect(logins).toBe(0)
  })
})

test('credentials that cannot be renewed are not: the answer of the vendor stands', async () => {
  const instance = await instanceOf(world, 'plain', given())
  vendor.received.splice(0)
  const answer = await through(world, instance, 'GET', '/x')
  expect([answer.status, answer.code, answer.headers['elements-attempts']]).toEqual([
    401,
    undefined,
    undefined,
  ])
  expect(vendor.received).toHaveLength(1)
})

describe.each(['session', 'tokens'])('an address that refuses every token (%s)', (element) => {
  const answerOthers = () => {
    const { answer } = vendor
    vendor.answer = (asked) =>
      asked.target.startsWith('/closed') ? { status: 401, body: 'no' } : answer(asked)
  }
  const statusOf = async (instance: { authorization: string }, path: string) =>
    (await through(world, instance, 'GET', path)).status

  test('gets no other one for a while, and keeps none from the other addresses', async () => {
    const instance = await endedInstance(element)
    answerOthers()
    for (const query of ['', '?page=2', '?page=3']) {
      expect(await statusOf(instance, `/closed${query}`)).toBe(401)
    }
    expect(logins).toBe(1)
    valid = 'another'
    expect(await statusOf(instance, '/open')).toBe(200)
    expect(logins).toBe(2)
  })

  test('is one of five at most: beyond, it is the instance', async () => {
    const instance = await endedInstance(element)
    answerOthers()
    for (let at = 0; at < 8; at += 1) expect(await statusOf(instance, `/closed/${at}`)).toBe(401)
    expect(logins).toBe(5)
  })
})
