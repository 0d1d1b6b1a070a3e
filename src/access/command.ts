import { readEnv } from '../config.ts'
import { type Db, openDatabase } from '../database/database.ts'
import { attachEmbedded } from '../database/embedded.ts'
import { migrate } from '../database/migrate.ts'
import { Keyring } from '../vault/keyring.ts'
import { openStorage } from '../vault/storage.ts'
import { Vault } from '../vault/vault.ts'
import { Passwords } from './password.ts'

export type Env = Record<string, string | undefined>

/** Where a command writes to, and what it is sent. */
export interface Terminal {
  print(line: string): void
  complain(line: string): void
  /** All of the standard input. */
  read?(): Promise<string>
}

/** What the operator's commands work with. */
export interface Tools {
  db: Db
  vault: Vault
  passwords: Passwords
}

/** Runs a command on the database that the environment names, brought up to date before. */
export async function withTools<Result>(
  env: Env,
  work: (tools: Tools) => Promise<Result>,
): Promise<Result> {
  const config = readEnv(env)
  await using resources = new AsyncDisposableStack()
  const { databaseUrl, keys } = await openStorage(config, resources, attachEmbedded)
  await migrate(databaseUrl)
  const db = resources.use(openDatabase({ url: databaseUrl, maxConnections: 2, onError: () => {} }))
  return await work({
    db,
    vault: await Vault.open(db, new Keyring(keys)),
    passwords: new Passwords(),
  })
}

/** Runs `work`, and answers its exit code: 1 where it fails, of which the first line is told. */
export async function exitCodeOf(terminal: Terminal, work: () => Promise<void>): Promise<number> {
  try {
    await work()
    return 0
  } catch (error) {
    terminal.complain((error as Error).message.split('\n')[0]!)
    return 1
  }
}

/** The texts as a table of which every column is as wide as it has to be. */
export function inColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]!.length))) ?? []
  return rows.map((row) =>
    row
      .map((text, at) => text.padEnd(widths[at]!))
      .join('  ')
      .trimEnd(),
  )
}
