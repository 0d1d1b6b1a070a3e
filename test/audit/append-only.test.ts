import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startWorld, type World } from '../support/world.ts'
import { writeEntry } from './entries.ts'

let world: World
let organizationId: number
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world[Symbol.asyncDispose]())
beforeEach(async () => {
  ;({ organizationId } = await world.addOrganization())
  const address = '203.0.113.7'
  await writeEntry(world, { organizationId, userId: 5, address, detail: { a: 1, b: 2 } })
})

const entries = async () => {
  const { rows } = await world.context.db.pool.query(
    `select user_id, action, address, detail from audit_entries
     where organization_id = $1 and action = 'thing.done'`,
    [organizationId],
  )
  return rows
}

/** Statements in one transaction that says what it is for. */
async function changing(purpose: string | undefined, text: string) {
  const client = await world.context.db.pool.connect()
  try {
    await client.query('begin')
    if (purpose) await client.query(`set local latchkey.audit = '${purpose}'`)
    await client.query(text.replaceAll('$1', String(organizationId)))
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}

const whole = [{ user_id: 5, action: 'thing.done', address: '203.0.113.7', detail: { a: 1, b: 2 } }]

describe('the audit refuses', () => {
  test.each([
    ['a deletion', undefined, 'delete from audit_entries where organization_id = $1'],
    ['a change', undefined, "update audit_entries set action = 'x' where organization_id = $1"],
    ['being emptied', undefined, 'truncate audit_entries'],
    ['being emptied even for erasure', 'erasure', 'truncate audit_entries'],
    ['a deletion for another purpose', 'x', 'delete from audit_entries where organization_id = $1'],
    [
      'a change for retention',
      'retention',
      'update audit_entries set address = null where organization_id = $1',
    ],
    [
      'another deed, though it says it erases',
      'erasure',
      "update audit_entries set address = null, action = 'x' where organization_id = $1",
    ],
    [
      'another doer, though it says it erases',
      'erasure',
      'update audit_entries set address = null, user_id = 6 where organization_id = $1',
    ],
    [
      'another address, though it says it erases',
      'erasure',
      "update audit_entries set address = '192.0.2.1' where organization_id = $1",
    ],
    [
      'a detail more, though it says it erases',
      'erasure',
      `update audit_entries set address = null, detail = detail || '{"c": 3}' where organization_id = $1`,
    ],
  ])('%s', async (_, purpose, text) => {
    await expect(changing(purpose, text)).rejects.toThrow('the audit is append-only')
    expect(await entries()).toEqual(whole)
  })

  test('what follows a transaction that said what it is for', async () => {
    await changing('retention', 'select 1')
    await expect(changing(undefined, 'delete from audit_entries')).rejects.toThrow('append-only')
  })
})

test('an erasure may forget the address and details, and nothing else', async () => {
  await changing(
    'erasure',
    `update audit_entries set address = null, detail = detail - 'a' where organization_id = $1`,
  )
  expect(await entries()).toEqual([{ ...whole[0], address: null, detail: { b: 2 } }])
})

test.each(['retention', 'erasure'])('%s may delete', async (purpose) => {
  await changing(purpose, 'delete from audit_entries where organization_id = $1')
  expect(await entries()).toEqual([])
})
