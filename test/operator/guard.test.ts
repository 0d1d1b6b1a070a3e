import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'
import { operatorKey, startOperatedWorld } from './operator.ts'

let world: World
beforeAll(async () => {
  world = await startOperatedWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

const routes = [
  ['GET', ''],
  ['POST', ''],
  ['GET', '/1'],
  ['PATCH', '/1'],
  ['DELETE', '/1'],
  ['GET', '/1/users'],
  ['GET', '/1/export-keys'],
  ['PUT', '/1/export-keys/kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k'],
  ['DELETE', '/1/export-keys/kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k'],
  ['DELETE', '/1/users/1'],
] as const

const ask = (asked: World, [method, path]: (typeof routes)[number], authorization: string | null) =>
  call(asked, method, `/operator/organizations${path}`, { authorization })

describe('the operator’s API is refused', () => {
  test.each([
    ['without a header', () => null, 'access-missing'],
    ['to a user', () => world.authorization, 'access-missing'],
    ['to the key under another name', () => `Bearer ${operatorKey}`, 'access-missing'],
    ['to the key with more behind it', () => `Operator ${operatorKey}, User x`, 'access-missing'],
    ['to another key', () => `Operator ${operatorKey.slice(0, -1)}x`, 'operator-unknown'],
    [
      'to the beginning of the key',
      () => `Operator ${operatorKey.slice(0, -1)}`,
      'operator-unknown',
    ],
  ])('%s', async (_, header, code) => {
    for (const route of routes) {
      const { status, body, text } = await ask(world, route, header())
      expect([route, status, body.code]).toEqual([route, 401, code])
      expect(text).not.toContain(operatorKey.slice(0, 20))
    }
  })

  test('before the body is read', async () => {
    const { status } = await call(world, 'POST', '/operator/organizations', {
      authorization: null,
      body: '{ not json',
    })
    expect(status).toBe(401)
  })

  test('where the service has no key for it: then it is not there', async () => {
    await using without = await startWorld()
    for (const header of [null, without.authorization, `Operator ${operatorKey}`, 'Operator ']) {
      for (const route of routes) {
        const { status, body } = await ask(without, route, header)
        expect([route, status, body.code]).toEqual([route, 404, 'route-not-found'])
      }
    }
  })
})

test('the operator’s key opens nothing of an organization', async () => {
  for (const path of ['/instances/1', '/audit', '/certificates', '/organization/retention']) {
    const { status } = await call(world, 'GET', path, { authorization: `Operator ${operatorKey}` })
    expect([path, status]).toEqual([path, 401])
  }
})

test('the key stands in no line of the log', () => {
  expect(world.log.length).toBeGreaterThan(0)
  expect(world.log.join('\n')).not.toContain(operatorKey)
})
