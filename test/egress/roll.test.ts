import { expect, test } from 'vitest'
import { Roll } from '../../src/egress/roll.ts'

const member = (name: string) => ({ name, enrolledAt: undefined as number | undefined })

function namesOf(roll: Roll<ReturnType<typeof member>>): string[] {
  const found: string[] = []
  roll.tell(({ name }) => found.push(name))
  return found.sort()
}

test('a roll has those who came and have not left, each once', () => {
  const roll = new Roll<ReturnType<typeof member>>()
  const [a, b, c] = ['a', 'b', 'c'].map(member) as [
    ReturnType<typeof member>,
    ReturnType<typeof member>,
    ReturnType<typeof member>,
  ]
  for (const one of [a, b, c]) roll.add(one)
  roll.delete(a)
  expect([namesOf(roll), roll.size]).toEqual([['b', 'c'], 2])
  roll.delete(a)
  roll.add(a)
  roll.delete(c)
  expect([namesOf(roll), roll.size]).toEqual([['a', 'b'], 2])
  roll.delete(a)
  roll.delete(b)
  expect([namesOf(roll), roll.size]).toEqual([[], 0])
})

test('all of a roll are told, whoever of them leaves while they are', () => {
  const roll = new Roll<ReturnType<typeof member>>()
  const all = Array.from({ length: 9 }, (_, at) => member(String(at)))
  for (const one of all) roll.add(one)
  const told: string[] = []
  roll.tell((one) => {
    told.push(one.name)
    if (Number(one.name) % 2 === 0) roll.delete(one)
  })
  expect(told.sort()).toEqual(all.map(({ name }) => name))
  expect(namesOf(roll)).toEqual(['1', '3', '5', '7'])
})
