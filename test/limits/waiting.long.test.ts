import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Limited } from '../../src/limits/limited.ts'
import { startWorld, type World } from '../support/world.ts'

const count = 10_000
let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

const heap = () => {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}

/** The longest that the event loop stood still meanwhile, in milliseconds. */
async function stallOf(work: () => Promise<unknown>): Promise<number> {
  const delays = monitorEventLoopDelay({ resolution: 5 })
  delays.enable()
  await work()
  delays.disable()
  return delays.max / 1e6
}

const limitedTo = (name: string, amount: number, periodMs: number): Limited => ({
  organizationId: world.organizationId,
  share: 1,
  budget: { name, revision: 1, windows: [{ amount, periodMs }] },
  pools: [],
})

test('ten thousand calls wait at little cost, and expire and start without a stall', async () => {
  const { limiter } = world.context
  const spent = limitedTo('instance/1', 1, 3_600_000)
  const first = await limiter.acquire(spent, { deadline: performance.now() + 5_000 })
  first.sent()
  const before = heap()
  const deadline = performance.now() + 4_000
  const waiting = Array.from({ length: count }, () => {
    const { signal } = new AbortController()
    return limiter.acquire(spent, { deadline, signal }).catch(({ code }) => code)
  })
  const each = (heap() - before) / count
  const codes: string[] = []
  const expiring = await stallOf(async () => {
    codes.push(...(await Promise.all(waiting)))
  })
  expect(codes.every((code) => code === 'limit-wait-over')).toBe(true)

  const ample = limitedTo('instance/2', 1_000_000, 1_000)
  let started = 0
  const releasing = await stallOf(async () => {
    const options = { deadline: performance.now() + 60_000 }
    const calls = Array.from({ length: count }, async () => {
      const permit = await limiter.acquire(ample, options)
      started += 1
      permit.sent()
      permit.release()
    })
    await Promise.all(calls)
  })
  expect(started).toBe(count)
  console.log(
    `${count} waiting calls: ${(each / 1000).toFixed(1)} kB each in the limiter; longest stall ${expiring.toFixed(0)} ms when they expire, ${releasing.toFixed(0)} ms when they join and start (goal 50)`,
  )
  expect(each).toBeLessThan(5_000)
})
