import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitAndSee } from '../../bench/waiting-rounds.ts'
import { setWaitingStage, type WaitingStage } from '../../bench/waiting-stage.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

const calls = 10_000

let database: TestDatabase
let stage: WaitingStage
beforeAll(async () => {
  database = await createTestDatabase()
  stage = await setWaitingStage(database.url)
})
afterAll(async () => {
  await stage[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

test('ten thousand calls wait at little cost, start together, and expire together; one more is refused', async () => {
  const { signal } = new AbortController()
  const { each, stalls, released, expired, beyond } = await waitAndSee(stage, calls, signal)
  const shown = Object.entries(stalls).map(
    ([when, { ms, cpuMs }]) => `${when} ${ms.toFixed(0)} (${cpuMs.toFixed(0)} of its own work)`,
  )
  console.log(
    `${calls} waiting calls: ${(each.rss / 1000).toFixed(1)} kB each, ${(each.heap / 1000).toFixed(1)} of them of the heap (goal 25); longest stalls in ms (goal 50): ${shown.join(', ')}`,
  )
  expect(released).toMatchObject({ statuses: { 200: calls }, codes: {} })
  expect(expired).toMatchObject({ statuses: { 429: calls }, codes: { 'limit-wait-over': calls } })
  expect(beyond).toMatchObject({
    status: 429,
    code: 'limit-queue-full',
    retryAfter: '3600',
    body: { limit: { waiting: calls } },
  })
  expect(beyond.body.limit!.longestWait).toBeGreaterThan(5)
  expect(each.rss).toBeLessThan(50_000)
})
