import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { instanceOf, through } from '../gateway/through.ts'
import { elementWith } from '../gateway/types-elements.ts'
import { type GatewayVendor, startGatewayVendor } from '../gateway/types-vendor.ts'
import { call, helpDesk } from '../support/client.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'
import { scrape, sumOf } from './scrape.ts'

const nobody = { type: 'none', name: 'Nobody' }
const element = elementWith(9691, nobody)
const key = (element as { key: string }).key

let world: World
let vendor: GatewayVendor

beforeAll(async () => {
  vendor = await startGatewayVendor()
  world = await startWorld({ definitions: [element], allow: ['127.0.0.1'] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const connect = (settings: object = {}, element = key) =>
  instanceOf(world, element, { server: vendor.url }, settings)

describe('calls through the gateway', () => {
  test('are counted by element and by what came of them', async () => {
    const instance = await connect()
    vendor.answer = () => ({ body: 'ten bytes.' })
    await through(world, instance, 'POST', '/things', { body: 'four' })
    vendor.answer = () => ({ status: 503 })
    await through(world, instance, 'GET', '/things', { headers: { 'elements-retry': '1' } })
    await through(world, instance, 'GET', '/../things')
    const name = 'latchkey_gateway_calls_total'
    const of = { element: key }
    await until(async () => (await sumOf(world, name, of)) === 2)
    expect(await sumOf(world, name, { ...of, status: '2xx', code: '' })).toBe(1)
    expect(await sumOf(world, name, { ...of, status: '5xx', code: '' })).toBe(1)
    const refused = { element: 'none', status: '4xx', code: 'gateway-path-invalid' }
    expect(await sumOf(world, name, refused)).toBe(1)
    expect(await sumOf(world, 'latchkey_gateway_retries_total', of)).toBe(1)
    expect(await sumOf(world, 'latchkey_gateway_vendor_seconds_count', of)).toBe(3)
    const bytes = 'latchkey_gateway_bytes_total'
    expect(await sumOf(world, bytes, { ...of, direction: 'to-vendor' })).toBe(4)
    expect(await sumOf(world, bytes, { ...of, direction: 'to-client' })).toBeGreaterThan(10)
    expect(await sumOf(world, 'latchkey_gateway_calls_in_flight')).toBe(0)
  })

  test('that wait for their turn are counted with how long they waited, and how many wait', async () => {
    vendor.answer = () => ({ body: 'ok' })
    const before = await sumOf(world, 'latchkey_gateway_wait_seconds_count')
    const instance = await connect({ rateLimits: [{ amount: 1, unit: 'hour' }] })
    await through(world, instance, 'GET', '/one')
    const leaving = new AbortController()
    const waiting = through(world, instance, 'GET', '/two', { signal: leaving.signal })
    const left = waiting.catch(() => 'left')
    const waits = { state: 'waiting' }
    await until(async () => (await sumOf(world, 'latchkey_limit_calls', waits)) === 1)
    expect(await sumOf(world, 'latchkey_gateway_calls_in_flight')).toBe(1)
    leaving.abort()
    expect(await left).toBe('left')
    const broken = { status: '4xx', code: 'client-left' }
    await until(async () => (await sumOf(world, 'latchkey_gateway_calls_total', broken)) === 1)
    expect(await sumOf(world, 'latchkey_gateway_wait_seconds_count')).toBe(before + 2)
    expect(await sumOf(world, 'latchkey_limit_calls', waits)).toBe(0)
  })

  test('to elements that people made themselves are counted as one', async () => {
    const { id: _, ...own } = element as Record<string, unknown>
    const made = await call(world, 'POST', '/elements', {
      body: { ...own, key: 'made-here', name: 'Made here' },
    })
    expect([made.status, made.text]).toEqual([200, expect.any(String)])
    await through(world, await connect({}, 'made-here'), 'GET', '/things')
    const calls = 'latchkey_gateway_calls_total'
    await until(async () => (await sumOf(world, calls, { element: 'own' })) === 1)
    expect(await (await fetch(`${world.url}/metrics`)).text()).not.toContain('made-here')
  })
})

test('what becomes of credentials is counted by verdict', async () => {
  await call(world, 'POST', '/instances', { body: helpDesk(world) })
  const wrong = helpDesk(world)
  Object.assign(wrong.configuration, { 'helpdesk.connectwise.password': 'wrong' })
  expect((await call(world, 'POST', '/instances', { body: wrong })).status).toBe(400)
  const verdicts = (name: string, verdict: string) => sumOf(world, name, { verdict })
  expect(await verdicts('latchkey_provisions_total', 'verified')).toBe(1)
  expect(await verdicts('latchkey_provisions_total', 'credentials-rejected')).toBe(1)
  expect(await verdicts('latchkey_probes_total', 'verified')).toBe(1)
  expect(await verdicts('latchkey_probes_total', 'rejected')).toBe(1)
})

test('requests are counted by the pattern of their route and by status, whatever is asked for', async () => {
  for (const path of ['/instances/4711', '/instances/4712', '/secret-in-a-path/x']) {
    await call(world, 'GET', path)
  }
  const samples = await scrape(world, 'latchkey_http_requests_total')
  expect(samples).toContainEqual({
    labels: { method: 'GET', route: '/instances/:id', status: '404' },
    value: 2,
  })
  expect(samples).toContainEqual({
    labels: { method: 'GET', route: '(none)', status: '404' },
    value: 1,
  })
})

test('the process is looked at as well: its event loop, its connections to the database', async () => {
  expect(await scrape(world, 'nodejs_eventloop_lag_p99_seconds')).toHaveLength(1)
  const pool = await scrape(world, 'latchkey_database_connections')
  expect(pool.map(({ labels }) => labels.state)).toEqual(['used', 'idle', 'waiting'])
  expect(await scrape(world, 'latchkey_breakers')).toHaveLength(3)
})

describe('the metrics are not there', () => {
  test.each([
    ['through a proxy that says so', { 'x-forwarded-for': '127.0.0.1' }],
    ['by another name', { host: 'latchkey.example.com' }],
  ])('%s', async (_, headers) => {
    const { status, body } = await call(world, 'GET', '/metrics', { headers })
    expect([status, body.code]).toEqual([404, 'route-not-found'])
  })

  test.each([
    ['LATCHKEY_TRUST_PROXY', 'true'],
    ['LATCHKEY_PUBLIC_URL', 'https://latchkey.example.com'],
  ])('where %s says that there is a proxy', async (name, value) => {
    const env = { [name]: value }
    await using proxied = await startWorld({
      databaseUrl: world.databaseUrl,
      keys: world.keys,
      env,
    })
    expect((await fetch(`${proxied.url}/metrics`)).status).toBe(404)
  })
})

test('with a token, whoever has it reads them, and nobody else', async () => {
  const token = 'a-token-for-the-metrics-0123456789'
  const env = { LATCHKEY_METRICS_TOKEN: token, LATCHKEY_TRUST_PROXY: 'true' }
  await using guarded = await startWorld({ databaseUrl: world.databaseUrl, keys: world.keys, env })
  const asks = async (authorization?: string) => {
    const headers = authorization === undefined ? {} : { authorization }
    const answer = await fetch(`${guarded.url}/metrics`, { headers })
    return [answer.status, answer.headers.get('elements-error')]
  }
  expect(await asks()).toEqual([401, 'access-missing'])
  expect(await asks(world.authorization)).toEqual([401, 'access-missing'])
  expect(await asks(`Bearer ${token}x`)).toEqual([401, 'metrics-token-unknown'])
  expect(await asks(`Bearer ${token}`)).toEqual([200, null])
})
