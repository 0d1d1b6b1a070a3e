import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
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
  const drop = () => insist(() => query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
  return { url: new URL(`/${name}`, inject('postgresUrl')).href, drop, [Symbol.asyncDispose]: drop }
}

/** PostgreSQL's own autovacuum, which nobody else may end, is gone from a database in a moment. */
async function insist(drop: () => Promise<void>, times = 50): Promise<void> {
  try {
    await drop()
  } catch (error) {
    const isVacuumed = error instanceof pg.DatabaseError && error.code === '42501'
    if (!isVacuumed || times === 0) throw error
    await delay(100)
    await insist(drop, times - 1)
  }
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
