import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { instanceOf, through } from '../gateway/through.ts'
import { elementWith } from '../gateway/types-elements.ts'
import { type GatewayVendor, startGatewayVendor } from '../gateway/types-vendor.ts'
import { call, helpDesk } from '../support/client.ts'
import { findTraces } from '../support/traces.ts'
import { startWorld, type World, type WorldOptions } from '../support/world.ts'
import { startOtlpReceiver } from './otlp-receiver.ts'

const secret = 'an-unguessable-password-17bd'
const asking: object & { name: string } = {
  ...{ type: 'apiKey', in: 'query', parameter: 'key', value: '{secret}' },
  name: 'Traced',
}
const traceId = '0af7651916cd43dd8448eb211c80319c'
const traceparent = `00-${traceId}-b7ad6b7169203331-01`
const tracestate = 'congo=t61rcWkgMzE'

let world: World
let vendor: GatewayVendor
let receiver: Awaited<ReturnType<typeof startOtlpReceiver>>
let options: WorldOptions

beforeAll(async () => {
  vendor = await startGatewayVendor()
  receiver = await startOtlpReceiver()
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.url}/`,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20key',
    OTEL_SERVICE_NAME: 'our-latchkey',
  }
  options = { definitions: [elementWith(9651, asking)], allow: ['127.0.0.1'] }
  world = await startWorld({ ...options, env })
})
beforeEach(() => {
  receiver.spans.splice(0)
  receiver.requests.splice(0)
  receiver.status = 200
  vendor.received.splice(0)
  vendor.answer = () => ({ body: 'ok' })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
  await receiver[Symbol.asyncDispose]()
})

const connect = (settings: object = {}, on: World = world) =>
  instanceOf(on, 'traced', { server: vendor.url, secret }, settings)
const spansOf = async (trace: string) => {
  await world.context.traces!.flush()
  return receiver.spans.filter((span) => span.traceId === trace)
}

test("a call is part of the caller's trace, and the vendor's part of ours", async () => {
  const instance = await connect({ rateLimits: [{ amount: 100, unit: 'second' }] })
  const answer = await through(world, instance, 'GET', '/secret-path?secret-query=1', {
    headers: { traceparent, tracestate },
  })
  expect(answer.headers['elements-trace-id']).toBe(traceId)
  const spans = await spansOf(traceId)
  const [whole, waited, sent] = ['GET /proxy/*', 'wait for limits', 'GET'].map((name) =>
    spans.find((span) => span.name === name),
  )
  // Where a turn came too late to be used, the call has waited for another.
  expect(spans.filter(({ name }) => name !== 'wait for limits')).toHaveLength(2)
  expect(whole).toMatchObject({
    parentSpanId: 'b7ad6b7169203331',
    service: 'our-latchkey',
    attributes: {
      'http.response.status_code': 200,
      'latchkey.element.key': 'traced',
      'latchkey.instance.id': instance.id,
    },
  })
  expect(waited!.parentSpanId).toBe(whole!.spanId)
  expect(sent).toMatchObject({
    parentSpanId: whole!.spanId,
    attributes: {
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(vendor.url).port),
    },
  })
  const { headers } = vendor.received[0]!
  expect(headers.traceparent).toBe(`00-${traceId}-${sent!.spanId}-01`)
  expect(headers.tracestate).toBe(tracestate)
  const [{ path, headers: given }] = receiver.requests as [(typeof receiver.requests)[number]]
  expect([path, given['x-key']]).toEqual(['/v1/traces', 'a key'])
  const said = receiver.requests.map(({ text }) => text).join()
  expect(said).not.toMatch(/secret-path|secret-query/)
  expect(findTraces(said, { secret })).toEqual([])
})

test('each attempt is a span of its own, and a failure says of what kind it was', async () => {
  const instance = await connect()
  vendor.answer = () => ({ status: 503 })
  const headers = { 'elements-retry': '1' }
  const answer = await through(world, instance, 'GET', '/x', { headers })
  const spans = await spansOf(answer.headers['elements-trace-id']!)
  const attempts = spans.filter(({ name }) => name === 'GET')
  expect(attempts.map((span) => span.attributes['http.request.resend_count'])).toEqual([
    undefined,
    1,
  ])
  const gone = await instanceOf(world, 'traced', { server: 'http://127.0.0.1:9', secret })
  const failed = await through(world, gone, 'GET', '/x')
  expect(failed.code).toBe('vendor-unreachable')
  const [sent, whole] = await spansOf(failed.headers['elements-trace-id']!)
  expect(sent!.attributes['error.type']).toBe('refused')
  expect(whole!.attributes).toMatchObject({ 'error.type': 'vendor-unreachable' })
})

test('provisioning is a span, and the probe within it another', async () => {
  const wrong = helpDesk(world, { 'helpdesk.connectwise.password': 'wrong' })
  const { headers, status } = await call(world, 'POST', '/instances', { body: wrong })
  expect(status).toBe(400)
  const spans = await spansOf(String(headers['elements-trace-id']))
  const [probe, provision, whole] = ['probe', 'provision', 'POST /instances'].map(
    (name) => spans.find((span) => span.name === name)!,
  )
  expect(probe!.attributes['latchkey.verdict']).toBe('rejected')
  expect(probe!.parentSpanId).toBe(provision!.spanId)
  expect(provision!.attributes['error.type']).toBe('credentials-rejected')
  expect(provision!.parentSpanId).toBe(whole!.spanId)
})

test.each(['', 'nonsense', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`, `${traceparent}-more`])(
  'with %j as its parent a trace begins anew',
  async (parent) => {
    const answer = await through(world, await connect(), 'GET', '/x', {
      headers: { traceparent: parent },
    })
    expect(answer.headers['elements-trace-id']).toMatch(/^[\da-f]{32}$/)
    expect(answer.headers['elements-trace-id']).not.toBe(traceId)
  },
)

test('what its caller does not sample is not sent, and said to the vendor so', async () => {
  const headers = { traceparent: traceparent.replace(/01$/, '00') }
  await through(world, await connect(), 'GET', '/x', { headers })
  expect(await spansOf(traceId)).toEqual([])
  expect(vendor.received[0]!.headers.traceparent).toMatch(new RegExp(`^00-${traceId}-.*-00$`))
})

test('a receiver that refuses, or is not there, keeps no call from its answer', async () => {
  receiver.status = 500
  expect((await through(world, await connect(), 'GET', '/x')).status).toBe(200)
  const env = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:9/traces' }
  await using alone = await startWorld({ ...options, env })
  const answer = await through(alone, await connect({}, alone), 'GET', '/x')
  expect([answer.status, answer.text]).toEqual([200, 'ok'])
})

test('where nothing is traced, a trace goes through as it came', async () => {
  await using untraced = await startWorld(options)
  const other = 'a3ce929d0e0e47364bf92f3577b34da6'
  const headers = { traceparent: traceparent.replace(traceId, other), tracestate }
  const answer = await through(untraced, await connect({}, untraced), 'GET', '/x', { headers })
  expect(answer.headers['elements-trace-id']).toBe(undefined)
  expect(vendor.received[0]!.headers).toMatchObject(headers)
  expect(await spansOf(other)).toEqual([])
})
