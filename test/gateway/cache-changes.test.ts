import { expect, test } from 'vitest'
import { Changes } from '../../src/gateway/changes.ts'
import { Shared } from '../../src/gateway/shared.ts'

test('what was read before a change to it is known to be outdated, however many others changed since', () => {
  const changes = new Changes()
  const before = changes.mark()
  changes.note('1/7')
  expect(changes.hasChanged(before, 1, 7)).toBe(true)
  expect(changes.hasChanged(before, 1, 8)).toBe(false)
  expect(changes.hasChanged(before, 2, 7)).toBe(false)
  expect(changes.hasChanged(changes.mark(), 1, 7)).toBe(false)
  for (let id = 0; id < 30_000; id += 1) changes.note(`3/${id}`)
  expect(changes.hasChanged(before, 1, 7)).toBe(true)
})

test.each([
  ['an organization', '1'],
  ['anything', undefined],
])('a change to %s concerns what was read of it before', (_, name) => {
  const changes = new Changes()
  const before = changes.mark()
  changes.note(name)
  expect(changes.hasChanged(before, 1, 7)).toBe(true)
  expect(changes.hasChanged(before, 2, 7)).toBe(name === undefined)
  expect(changes.hasChanged(changes.mark(), 1, 7)).toBe(false)
})

test('who comes after a change does not share what began before it', async () => {
  const shared = new Shared<number>()
  const begun: ReturnType<typeof Promise.withResolvers<number>>[] = []
  const start = () => {
    const work = Promise.withResolvers<number>()
    begun.push(work)
    return work.promise
  }
  const all = [shared.run('a', 0, start), shared.run('a', 0, start), shared.run('a', 1, start)]
  expect(begun).toHaveLength(2)
  begun[1]!.resolve(1)
  begun[0]!.resolve(0)
  expect(await Promise.all(all)).toEqual([0, 0, 1])
  const failing = shared.run('a', 1, start)
  begun[2]!.reject(new Error('no'))
  await expect(failing).rejects.toThrow('no')
  const again = shared.run('a', 1, start)
  begun[3]!.resolve(3)
  expect(await again).toBe(3)
})
