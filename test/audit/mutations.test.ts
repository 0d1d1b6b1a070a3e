import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startOperatedWorld } from '../operator/operator.ts'
import { type Answer, call } from '../support/client.ts'
import { findTraces } from '../support/traces.ts'
import type { World } from '../support/world.ts'
import { deeds, type Given, noDeeds } from './deeds.ts'
import { definitions, Scene } from './scene.ts'

interface Operation {
  operationId: string
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
}

let world: World
let scene: Scene
let operations: Operation[]
beforeAll(async () => {
  world = await startOperatedWorld({ definitions })
  scene = new Scene(world)
  const { paths } = (await call(world, 'GET', '/openapi.json')).body
  operations = Object.entries<Record<string, { operationId: string }>>(paths).flatMap(
    ([path, methods]) =>
      Object.entries(methods)
        .filter(([method]) => method !== 'get')
        .map(([method, { operationId }]) => ({
          operationId,
          method: method.toUpperCase() as Operation['method'],
          path,
        })),
  )
  await query(`create function refuse() returns trigger language plpgsql as
    $$ begin raise exception 'no entry today'; end $$`)
  await query(`create trigger refused before insert on audit_entries
    for each row execute function refuse()`)
  await refusing(false)
})
afterAll(() => world[Symbol.asyncDispose]())

const query = async (text: string, values: unknown[] = []) =>
  (await world.context.db.pool.query(text, values)).rows

const refusing = (on: boolean) =>
  query(`alter table audit_entries ${on ? 'enable' : 'disable'} trigger refused`)

/** Tables that count tries of an operation, also of what then fails. */
const tries: Record<string, string> = {
  signIn: 'sign_in_attempts',
  provisionConnectSession: 'connect_sessions',
}

/** What every table but one holds, by a digest of its rows. */
async function digests(except = ''): Promise<Record<string, string>> {
  const names = await query(
    `select table_schema || '.' || table_name as name from information_schema.tables
     where table_type = 'BASE TABLE' and table_name <> $1
       and (table_schema = 'public' or table_name = 'job_common')`,
    [except],
  )
  const found: Record<string, string> = {}
  for (const { name } of names) {
    const [row] = await query(
      `select md5(coalesce(string_agg(t::text, ',' order by t::text), '')) as digest
       from (select to_jsonb(t) - 'last_used_at' - 'beat_at' as t from ${name} t) t`,
    )
    found[name] = row.digest
  }
  return found
}

function send({ operationId, method, path: pattern }: Operation, given: Given): Promise<Answer> {
  const { path = {}, query = '', body, authorization = world.authorization } = given
  const filled = pattern.replace(/\{(\w+)\}/g, (_, name) => {
    if (path[name] === undefined) throw new Error(`${operationId} needs ${name}`)
    return String(path[name])
  })
  return call(world, method, filled + query, { body, authorization })
}

test('it is known of every operation how it is done, or that it changes nothing to be told', () => {
  const known = [...Object.keys(deeds), ...noDeeds].sort()
  expect(operations.map(({ operationId }) => operationId).sort()).toEqual(known)
})

describe('without its entry in the audit nothing is committed by', () => {
  test.each(Object.keys(deeds))('%s', async (operationId) => {
    const operation = operations.find((known) => known.operationId === operationId)!
    const given = await deeds[operationId]!(scene)
    await refusing(true)
    const before = await digests(tries[operationId])
    const refused = await send(operation, given)
    const after = await digests(tries[operationId])
    await refusing(false)
    expect([refused.status, refused.body.code]).toEqual([500, 'internal'])
    expect(after).toEqual(before)

    const done = await send(operation, given)
    expect(done.status, done.text).toBe(200)
    scene.noteAll(done.body)
    const requestId = done.headers['elements-request-id']
    const entries = await query(
      `select organization_id from audit_entries where request_id = $1 and address = '127.0.0.1'`,
      [requestId],
    )
    if (operationId !== 'eraseOrganization') expect(entries.length).toBeGreaterThan(0)
  })
})

test('after all of that no secret stands in the audit, and no name or address of a user', async () => {
  const rows = await query('select t::text as text, detail from audit_entries t')
  expect(rows.length).toBeGreaterThan(Object.keys(deeds).length)
  expect(Object.keys(scene.secrets).length).toBeGreaterThan(50)
  const text = rows.map((row) => row.text).join('\n')
  expect(findTraces(text, scene.secrets)).toEqual([])
  expect(text).not.toMatch(/Ada|Lovelace|Grace|@example\.com/)
  const answered = await call(world, 'GET', '/audit')
  expect(findTraces(answered.text, scene.secrets)).toEqual([])
})
