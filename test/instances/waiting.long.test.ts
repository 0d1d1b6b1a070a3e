import { expect, test } from 'vitest'
import { call, helpDesk } from '../support/client.ts'
import { startWorld } from '../support/world.ts'

/** Generous: the burst itself costs time on the same processor, waiting must not. */
const slowdown = 5

test('while 200 requests wait for a vendor of five seconds, reading takes hardly longer', async () => {
  await using world = await startWorld()
  const { body: instance } = await call(world, 'POST', '/instances', { body: helpDesk(world) })
  const read = () => measure(() => call(world, 'GET', `/instances/${instance.id}`))
  for (let times = 0; times < 200; times++) await read()
  const before: number[] = []
  for (let times = 0; times < 500; times++) before.push(await read())

  world.sandbox.behave({ behaviour: 'slow', ms: 5_000 })
  let waiting = 200
  const sent = Array.from({ length: waiting }, async () => {
    const { status } = await call(world, 'POST', '/instances', { body: helpDesk(world) })
    waiting -= 1
    return status
  })
  const during: number[] = []
  while (waiting > 0) during.push(await read())

  const statuses = await Promise.all(sent)
  expect(statuses.filter((status) => status === 200)).toHaveLength(5)
  expect(statuses.filter((status) => status === 429)).toHaveLength(195)
  expect(during.length).toBeGreaterThan(100)
  expect(median(during)).toBeLessThan(slowdown * median(before))
})

async function measure(work: () => Promise<{ status: number }>): Promise<number> {
  const started = performance.now()
  expect((await work()).status).toBe(200)
  return performance.now() - started
}

function median(values: number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!
}
