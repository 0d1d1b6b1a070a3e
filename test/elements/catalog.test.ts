import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Db, openDatabase } from '../../src/database/database.ts'
import { DefinitionError } from '../../src/definition/element.ts'
import { Catalog } from '../../src/elements/catalog.ts'
import { definition } from '../definition/definition.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let db: Db
beforeAll(async () => {
  database = await createTestDatabase()
  db = openDatabase({ url: database.url, maxConnections: 2, onError: () => {} })
})
afterAll(async () => {
  await db[Symbol.asyncDispose]()
  await database.drop()
})

const probe = {
  ...definition().probes[0]!,
  method: 'POST',
  query: { api_key: '{user.name}' },
  headers: { x_page_size: '1' },
  body: { json: { user_name: '{user.name}', __proto: { old_member: 1 } } },
}

test('an id of an own element is not taken', async () => {
  await expect(Catalog.open(db, [definition({ id: 10_000 })])).rejects.toThrow('below 10,000')
})

test('a definition that is wrong is not taken, and none beside it', async () => {
  const wrong = definition({ id: 9101, key: 'keys' })
  await expect(Catalog.open(db, [definition(), wrong])).rejects.toThrow(DefinitionError)
  const { rows } = await db.pool.query('select 1 from element_versions where element_id = 9100')
  expect(rows).toEqual([])
})

test('a version that nobody wrote is not made up', async () => {
  const catalog = await Catalog.open(db)
  await expect(catalog.versionOf(117, 'none')).rejects.toThrow('element 117 has no version none')
})

test('an older version is read as it was written, whatever came after it', async () => {
  const before = definition({ probes: [probe] })
  const { version } = (await Catalog.open(db, [before])).find('example')!
  const catalog = await Catalog.open(db, [definition({ name: 'Renamed' })])
  expect(catalog.find('9100')?.element.name).toBe('Renamed')
  expect(await catalog.versionOf(9100, version)).toEqual(before)
  expect(await catalog.versionOf(9100, version)).toBe(await catalog.versionOf(9100, version))
})

test('a stored version works on, even where today it would be refused', async () => {
  const old = { ...definition(), format: 0, gone: true }
  await db.pool.query(
    `insert into element_versions (element_id, version, key, definition) values (9100, 'old', 'example', $1)`,
    [JSON.stringify(old)],
  )
  const catalog = await Catalog.open(db, [definition()])
  expect(await catalog.versionOf(9100, 'old')).toEqual(old)
})

test('opening the catalogue again writes nothing again', async () => {
  const count = async () =>
    (await db.pool.query('select count(*) as count from element_versions')).rows[0].count
  await Catalog.open(db, [definition()])
  const before = await count()
  await Promise.all([Catalog.open(db, [definition()]), Catalog.open(db, [definition()])])
  expect(await count()).toBe(before)
})
