import { CamelCasePlugin, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Tables } from './tables.ts'

/**
 * `kysely` for queries in general; `pool` for the few that are hot enough to be prepared by name.
 */
export interface Db extends AsyncDisposable {
  kysely: Kysely<Tables>
  pool: pg.Pool
}

const int8 = 20

/** Integers beyond 2^53 are refused rather than rounded. */
export function parseSafeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`not a safe integer: ${text}`)
  return value
}

const types: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === int8) return parseSafeInteger
    return pg.types.getTypeParser(oid, format as 'text')
  },
}

/** Connects lazily; an error on an idle or a checked-out client is reported, never thrown. */
export function openDatabase(options: {
  url: string
  onError(error: Error): void
  maxConnections?: number
  /** How long to wait for an answer, or a connection; 10 s, unless said otherwise. */
  patienceMs?: number
}): Db {
  const patienceMs = options.patienceMs ?? 10_000
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.maxConnections ?? 10,
    connectionTimeoutMillis: patienceMs,
    ...(options.patienceMs && { query_timeout: patienceMs }),
    idleTimeoutMillis: 30_000,
    application_name: 'latchkey',
    statement_timeout: patienceMs,
    idle_in_transaction_session_timeout: 5_000,
    types,
  })
  pool.on('error', options.onError)
  pool.on('connect', (client) => client.on('error', options.onError))
  const kysely = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool }),
    // What stands inside of JSON is content: its names stay as they were written.
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  })
  return { kysely, pool, [Symbol.asyncDispose]: () => kysely.destroy() }
}

/** One round trip with a statement that the server parses and plans once per connection. */
export async function prepared<Row extends pg.QueryResultRow>(
  queries: Pick<pg.Pool | pg.PoolClient, 'query'>,
  statement: { name: string; text: string },
  values: unknown[],
): Promise<Row[]> {
  const result = await queries.query<Row>({ ...statement, values })
  return result.rows
}

/** Runs `work` in one transaction; what it is given serves the same functions as `db` itself. */
export function transaction<Result>(db: Db, work: (db: Db) => Promise<Result>): Promise<Result> {
  return db.kysely.transaction().execute((kysely) => work({ ...db, kysely }))
}

/** Runs `work` in one transaction on one connection, for statements that are prepared by name. */
export async function clientTransaction<Result>(
  { pool }: Pick<Db, 'pool'>,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    client.release()
    return result
  } catch (error) {
    // A connection that cannot end its transaction is of no more use.
    await client.query('rollback').then(() => client.release(), client.release)
    throw error
  }
}
