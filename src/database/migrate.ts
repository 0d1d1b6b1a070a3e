import { readdir } from 'node:fs/promises'
import { Kysely, PostgresDialect } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import pg from 'pg'

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
  return (results ?? []).map((result) => result.migrationName)
}

/** Of a host with several addresses, the first failure: they are told together, without words. */
function reasonOf(error: unknown): string {
  const [first = error] = error instanceof AggregateError ? error.errors : []
  return first instanceof Error ? first.message : String(first)
}

async function readMigrations(): Promise<Record<string, Migration>> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.ts')).sort()
  const entries = files.map(async (file) => [
    file.replace(/\.ts$/, ''),
    (await import(new URL(file, folder).href)) as Migration,
  ])
  return Object.fromEntries(await Promise.all(entries))
}
