import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Answer, call, countStored, helpDesk } from '../support/client.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

// Longer than any of the tests takes: what hangs, hangs to its end.
const probeDeadlineMs = 60_000
const server = 'helpdesk.connectwise.server.url'

/** Requests that were sent, and the answers so far. */
function sendMany(count: number, send: (at: number) => Promise<Answer>) {
  const answers: Answer[] = []
  const sent = Array.from({ length: count }, async (_, at) => {
    const answer = await send(at)
    answers.push(answer)
    return answer
  })
  return { answers, all: Promise.all(sent) }
}

function provision(world: World, at: number, configuration = {}) {
  // Every other one with a key: its claim is committed before the vendor is asked.
  const headers = at % 2 === 0 ? undefined : { 'idempotency-key': randomUUID() }
  const body = helpDesk(world, configuration)
  return call(world, 'POST', '/instances', { body, ...(headers && { headers }) })
}

function expectBusy(answers: Answer[]) {
  for (const { status, body, headers } of answers) {
    expect([status, body.code]).toEqual([429, 'probes-busy'])
    expect(headers['retry-after']).toMatch(/^[1-9]\d*$/)
    expect(headers['elements-error']).toBe('probes-busy')
  }
}

test('whoever waits for a vendor holds no database connection, be there only one', async () => {
  await using world = await startWorld({ maxConnections: 1, probeDeadlineMs })
  const { body: instance } = await call(world, 'POST', '/instances', { body: helpDesk(world) })
  const asked = world.sandbox.requests.length
  world.sandbox.behave('hang')
  const waiting = sendMany(5, (at) => provision(world, at))
  await until(() => world.sandbox.requests.length === asked + 5)

  for (let times = 0; times < 10; times++) {
    const found = await call(world, 'GET', `/instances/${instance.id}`)
    expect(found.body).toEqual(instance)
  }
  const draft = { ...helpDesk(world), verify: false }
  expect((await call(world, 'POST', '/instances', { body: draft })).status).toBe(200)
  expect(waiting.answers).toEqual([])

  await world.sandbox.stop()
  for (const { body } of await waiting.all) expect(body.code).toBe('vendor-unreachable')
})

test('of 200 requests at once a vendor sees five, the rest is refused while those wait', async () => {
  await using world = await startWorld({ maxConnections: 2, probeDeadlineMs })
  const before = await countStored(world)
  world.sandbox.behave('hang')
  const waiting = sendMany(200, (at) => provision(world, at))
  await until(() => waiting.answers.length === 195)

  expectBusy(waiting.answers)
  expect(world.sandbox.requests).toHaveLength(5)
  const { claims, ...stored } = await countStored(world)
  expect({ ...stored, claims: before.claims }).toEqual(before)
  expect(claims).toBeLessThanOrEqual(5)

  await world.sandbox.stop()
  const answers = await waiting.all
  expect(answers.filter(({ body }) => body.code === 'vendor-unreachable')).toHaveLength(5)
  expect(await countStored(world)).toEqual(before)
})

test('an organization has twenty checks under way at most, over however many vendors', async () => {
  const address = { address: '127.0.0.1', family: 4 as const }
  const egress = { resolve: async () => [address] }
  await using world = await startWorld({ egress, probeDeadlineMs })
  const other = { ...world, ...(await world.addOrganization()) }
  world.sandbox.behave('hang')
  // Fewer at each than one vendor may be asked at once.
  const host = (at: number) => ({ [server]: `http://vendor-${at}.test:${world.sandbox.port}` })
  const waiting = sendMany(40, (at) => provision(world, at, host(at % 10)))
  await until(() => waiting.answers.length === 20)

  expectBusy(waiting.answers)
  expect(world.sandbox.requests).toHaveLength(20)

  world.sandbox.reset()
  expect((await provision(other, 0, host(0))).status).toBe(200)
  expect((await provision(world, 0, host(99))).status).toBe(429)
  expect(waiting.answers).toHaveLength(20)

  await world.sandbox.stop()
  await waiting.all
})

test('a turn that becomes free in time is given to who waits for it', async () => {
  await using world = await startWorld()
  world.sandbox.behave({ behaviour: 'slow', ms: 100 })
  const answers = await sendMany(10, (at) => provision(world, at)).all
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200))
})
