import { setImmediate as turn } from 'node:timers/promises'
import { queryObjects } from 'node:v8'
import PQueue from 'p-queue'
import { expect, test } from 'vitest'
import { Probes } from './probes.ts'

// Of the whole process: a run of its own, where nobody else has any.
test('queues that are idle are forgotten, however their probes ended', async () => {
  const count = () => queryObjects(PQueue, { format: 'count' })
  const before = count()
  const probes = new Probes()
  for (let at = 0; at < 500; at += 1) probes.run(`${at}`, at, `host${at}`)
  await turn()
  expect(count()).toBe(before + 1000)
  while (probes.running.length > 0) {
    const { end } = probes.running.pop()!
    if (probes.running.length % 2) end.resolve('')
    else end.reject(new Error('failed'))
  }
  await turn()
  await turn()
  expect(count()).toBe(before)
  expect(probes.started).toHaveLength(500)
})
