import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'

export interface TestDatabase extends AsyncDisposable {
  url: string
  drop(): Promise<void>
}

/** A database of the caller's own: a clone of the migrated one, or an empty one. */
export async function createTestDatabase(
  options: { migrated?: boolean } = {},
): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`
  const template = (options.migrated ?? true) ? inject('templateDatabase') : 'template1'
  await query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY wal_log`)
  const drop = () => query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  return { url: new URL(`/${name}`, inject('postgresUrl')).href, drop, [Symbol.asyncDispose]: drop }
}

async function query(sql: string) {
  const client = new pg.Client({ connectionString: inject('postgresUrl') })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
