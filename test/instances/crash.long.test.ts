import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Answer, call, countStored, helpDesk } from '../support/client.ts'
import { type Service, startService } from '../support/service.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

/** The service's own: the probe's deadline and five seconds of grace. */
const leaseSeconds = 15

let world: World
let one: Service
let other: Service

beforeAll(async () => {
  world = await startWorld()
  ;[one, other] = await Promise.all([startReplica(), startReplica()])
})
afterEach(() => world.sandbox.reset())
afterAll(async () => {
  await Promise.all([one.stop(), other.stop()])
  await world[Symbol.asyncDispose]()
})

/** A process on the world's database, keys and vendor. */
function startReplica() {
  return startService({
    DATABASE_URL: world.databaseUrl,
    LATCHKEY_KEYS: world.keys,
    LATCHKEY_EGRESS_ALLOW: `127.0.0.1:${world.sandbox.port}`,
  })
}

function send(service: Service, key: string): Promise<Answer> {
  const caller = { url: service.url, authorization: world.authorization }
  const headers = { 'idempotency-key': key }
  return call(caller, 'POST', '/instances', { body: helpDesk(world), headers })
}

test('the same key over two processes provisions once, and asks the vendor once', async () => {
  const [key, before, asked] = [
    randomUUID(),
    await countStored(world),
    world.sandbox.requests.length,
  ]
  world.sandbox.behave({ behaviour: 'slow', ms: 200 })
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, at) => send(at % 2 === 0 ? one : other, key)),
  )
  const done = answers.filter(({ status }) => status === 200)
  expect(done.length).toBeGreaterThan(0)
  for (const { text, headers } of [...done, await send(one, key), await send(other, key)]) {
    expect(text).toBe(done[0]!.text)
    expect(headers.etag).toBe('"1"')
  }
  const late = answers.filter(({ status }) => status !== 200)
  for (const { body, headers } of late) {
    expect(body.code).toBe('request-in-progress')
    expect(Number(headers['retry-after'])).toBeGreaterThan(0)
  }
  const after = await countStored(world)
  expect(after.instances! - before.instances!).toBe(1)
  // The instance, and the element that it installed.
  expect(after.audit! - before.audit!).toBe(2)
  expect(after.tokens! - before.tokens!).toBe(1)
  expect(world.sandbox.requests).toHaveLength(asked + 1)
})

test('a process that dies before it commits blocks its key for the lease, and no longer', async () => {
  const [key, before, asked] = [
    randomUUID(),
    await countStored(world),
    world.sandbox.requests.length,
  ]
  world.sandbox.behave('hang', 1)
  const lost = send(one, key)
  const cut = expect(lost).rejects.toThrow()
  await until(() => world.sandbox.requests.length === asked + 1)
  await one.stop('SIGKILL')
  await cut

  const early = await send(other, key)
  const toldAt = performance.now()
  expect([early.status, early.body.code]).toEqual([409, 'request-in-progress'])
  const wait = Number(early.headers['retry-after'])
  expect(wait).toBeGreaterThan(1)
  expect(wait).toBeLessThanOrEqual(leaseSeconds)
  await delay(wait * 500)
  expect((await send(other, key)).status).toBe(409)
  expect((await countStored(world)).instances).toBe(before.instances)

  // It takes the dead one's place, whose answer nobody waits for.
  one = await startReplica()
  await delay(toldAt + wait * 1_000 - performance.now())
  const answers = await Promise.all([send(other, key), send(one, key), send(other, key)])
  const done = answers.filter(({ status }) => status === 200)
  expect(done.length).toBeGreaterThan(0)
  expect((await send(one, key)).text).toBe(done[0]!.text)
  const after = await countStored(world)
  expect(after.instances! - before.instances!).toBe(1)
  expect(after.claims! - before.claims!).toBe(1)
  expect(world.sandbox.requests).toHaveLength(asked + 2)
  const caller = { url: other.url, authorization: world.authorization }
  const found = await call(caller, 'GET', `/instances/${done[0]!.body.id}`)
  expect(found.body).toEqual(done[0]!.body)
})

test('a process that dies while it works leaves nothing of an instance, with or without a key', async () => {
  const [before, asked] = [await countStored(world), world.sandbox.requests.length]
  world.sandbox.behave({ behaviour: 'slow', ms: 100 })
  const caller = { url: one.url, authorization: world.authorization }
  const lost = Array.from({ length: 40 }, (_, at) => {
    const headers: Record<string, string> = at % 2 ? { 'idempotency-key': randomUUID() } : {}
    const body = helpDesk(world)
    return call(caller, 'POST', '/instances', { body, headers }).catch(() => undefined)
  })
  await until(() => world.sandbox.requests.length > asked + 20)
  await one.stop('SIGKILL')
  const answered = (await Promise.all(lost)).filter((answer) => answer?.status === 200)
  one = await startReplica()

  const after = await countStored(world)
  const made = after.instances! - before.instances!
  expect(made).toBeGreaterThanOrEqual(answered.length)
  expect(after.tokens! - before.tokens!).toBe(made)
  expect(after.audit! - before.audit!).toBe(made)
  // The password and the token of each.
  expect(after.secrets! - before.secrets!).toBe(2 * made)
  for (const answer of answered) {
    const url = { url: one.url, authorization: world.authorization }
    expect((await call(url, 'GET', `/instances/${answer!.body.id}`)).body).toEqual(answer!.body)
  }
})
