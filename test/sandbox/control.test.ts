import { request } from 'undici'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { behaviourNames } from '../../src/sandbox/behaviour.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { get, probe, start } from './client.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await start()
})
afterEach(() => sandbox.reset())
afterAll(() => sandbox.stop())

const control = () => `${sandbox.url}/sandbox/behaviour`
const put = async (body: string) => {
  const answer = await request(control(), { method: 'PUT', body })
  return { status: answer.statusCode, body: await answer.body.json() }
}

test.each([
  ['what is not JSON', 'hang'],
  ['no behaviour', '{}'],
  ['null', 'null'],
  ['a string', '"hang"'],
  ['an unknown behaviour', '{"behaviour":"explode"}'],
  ['a setting that the behaviour does not heed', '{"behaviour":"hang","ms":5}'],
  ['an unknown setting', '{"behaviour":"slow","seconds":5}'],
  ['a setting out of range', '{"behaviour":"status","status":42}'],
  ['a header that cannot be sent', '{"behaviour":"status","headers":{"a b":"c"}}'],
  ['a location that cannot be sent', '{"behaviour":"redirect","location":"/\\r\\nA: b"}'],
  ['no times', '{"behaviour":"hang","times":0}'],
  ['half a time', '{"behaviour":"hang","times":1.5}'],
])('%s is refused with what could be told, and changes nothing', async (_, body) => {
  const answer = await put(body)
  expect(answer.status).toBe(400)
  expect(answer.body).toMatchObject({ message: expect.any(String), behaviours: { hang: [] } })
  expect((await probe(sandbox.url)).status).toBe(200)
})

test('in-process, an unknown behaviour throws', () => {
  expect(() => sandbox.behave('explode' as 'hang')).toThrow(/behaviour/)
  expect(() => sandbox.behave('hang', 0)).toThrow(/times/)
})

test('the control path knows no other method', async () => {
  const answer = await request(control(), { method: 'POST' })
  expect(answer.statusCode).toBe(405)
})

test('a behaviour holds for as many requests as told, and can be read meanwhile', async () => {
  const answer = await put('{"behaviour":"status","status":503,"times":2}')
  expect(answer).toEqual({
    status: 200,
    body: { behaviour: 'status', status: 503, times: 2, behaviours: behaviourNames },
  })
  expect((await probe(sandbox.url)).status).toBe(503)
  expect(JSON.parse((await get(control())).text)).toMatchObject({ behaviour: 'status', times: 1 })
  expect((await probe(sandbox.url)).status).toBe(503)
  expect((await probe(sandbox.url)).status).toBe(200)
  expect(JSON.parse((await get(control())).text)).toMatchObject({ behaviour: null, times: null })
})

test('a behaviour without times holds until it is taken back, and never on the control path', async () => {
  await put('{"behaviour":"status"}')
  for (let i = 0; i < 3; i += 1) expect((await probe(sandbox.url)).status).toBe(500)
  expect((await request(control(), { method: 'DELETE' })).statusCode).toBe(200)
  expect((await probe(sandbox.url)).status).toBe(200)
})

test('what is told last replaces what was told before', async () => {
  sandbox.behave({ behaviour: 'status', status: 501 }, 5)
  sandbox.behave({ behaviour: 'status', status: 502 }, 1)
  expect((await probe(sandbox.url)).status).toBe(502)
  expect((await probe(sandbox.url)).status).toBe(200)
})

test('requests that were mistreated are kept like the others', async () => {
  const before = sandbox.requests.length
  sandbox.behave('status', 1)
  await probe(sandbox.url)
  expect(sandbox.requests.length).toBe(before + 1)
})
