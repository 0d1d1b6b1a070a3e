import { readdir } from 'node:fs/promises'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import pg from 'pg'
import type { Db } from './database.ts'
import { installJobs } from './job-queues.ts'

const folder = new URL('../../migrations/', import.meta.url)

/** Brings the schema up to date; several processes may ask at once, one does the work. */
export async function migrate(url: string): Promise<string[]> {
  await using db = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url, max: 1 }) }),
  })
  const migrator = new Migrator({ db, provider: { getMigrations: readMigrations } })
  const { error, results } = await migrator.migrateToLatest()
  const failed = results?.find((result) => result.status === 'Error')
  if (error) {
    const what = failed ? `Migration ${failed.migrationName} failed` : 'The database cannot be used'
    throw new Error(`${what}: ${reasonOf(error)}`, { cause: error })
  }
  await installJobs(url)
  return (results ?? []).map((result) => result.migrationName)
}

/** Of a host with several addresses, the first failure: they are told together, without words. */
function reasonOf(error: unknown): string {
  const [first = error] = error instanceof AggregateError ? error.errors : []
  return first instanceof Error ? first.message : String(first)
}

/** The migrations of this release that the database has not had. */
export async function listPendingMigrations({ kysely }: Pick<Db, 'kysely'>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(kysely)
  const applied = new Set(rows.map(({ name }) => name))
  return (await listFiles()).map(nameOf).filter((name) => !applied.has(name))
}

async function readMigrations(): Promise<Record<string, Migration>> {
  const entries = (await listFiles()).map(async (file) => [
    nameOf(file),
    (await import(new URL(file, folder).href)) as Migration,
  ])
  return Object.fromEntries(await Promise.all(entries))
}

async function listFiles(): Promise<string[]> {
  return (await readdir(folder)).filter((file) => file.endsWith('.ts')).sort()
}

function nameOf(file: string): string {
  return file.replace(/\.ts$/, '')
}
