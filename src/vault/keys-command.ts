import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { type Config, type KeyEncryptionKey, readEnv } from '../config.ts'
import { type Db, openDatabase } from '../database/database.ts'
import { attachEmbedded } from '../database/embedded.ts'
import { tryLock } from '../database/file-lock.ts'
import { Keyring } from './keyring.ts'
import { createKey, formatKey, writeKeysFile } from './keys-file.ts'
import { describeRetired, describeRotation, describeStatus } from './keys-report.ts'
import { RetireError, retire } from './retire.ts'
import { countSuperseded, countWraps } from './retire-store.ts'
import { rotate } from './rotate.ts'
import { findRotation, wasTurnedTo } from './rotation-store.ts'
import { openStorage } from './storage.ts'
import { Vault } from './vault.ts'

const usage = `Usage: npm run keys -- <command>

  generate          prints a fresh key for LATCHKEY_KEYS
  rotate            turns the keys while the service runs
  retire [key id]   removes what a rotation has superseded
  status            says which keys are in use`

interface Command {
  db: Db
  keys: KeyEncryptionKey[]
  /** Where the keys stand; absent: they come from the environment. */
  keysFile: string | undefined
  print(line: string): void
}

type Work = (command: Command, argument: string | undefined) => Promise<number>

const commands = new Map<string, Work>([
  ['rotate', runRotate],
  ['retire', runRetire],
  ['status', runStatus],
])

/** Runs one `npm run keys` command, and answers its exit code: 2 for a wrong call, 1 for a failure. */
export async function runKeysCommand(
  args: readonly string[],
  env: Record<string, string | undefined>,
  out: { print(line: string): void; complain(line: string): void },
): Promise<number> {
  const [name = '', argument, ...more] = args
  if (name === 'generate' && args.length === 1) {
    out.print(formatKey(createKey()))
    return 0
  }
  const work = commands.get(name)
  if (!work || more.length > 0 || (argument && name !== 'retire')) {
    out.complain(usage)
    return 2
  }
  try {
    return await withDatabase(readEnv(env), (command) =>
      work({ ...command, print: out.print }, argument),
    )
  } catch (error) {
    out.complain(explain(error))
    return 1
  }
}

async function withDatabase(
  config: Config,
  work: (command: Omit<Command, 'print'>) => Promise<number>,
): Promise<number> {
  await using resources = new AsyncDisposableStack()
  if (!config.databaseUrl) {
    if (!existsSync(config.keys ? config.dataDir : join(config.dataDir, 'keys'))) {
      throw new Error(`There are no keys in ${config.dataDir} yet: start the service once.`)
    }
    const lock = tryLock(join(config.dataDir, 'keys.lock'))
    if (!lock) throw new Error('Another `keys` command is at work here: wait for it to end.')
    resources.defer(() => lock.release())
  }
  const { databaseUrl, keys, keysFile } = await openStorage(config, resources, attachEmbedded)
  const db = resources.use(openDatabase({ url: databaseUrl, onError: () => {}, maxConnections: 4 }))
  return await work({ db, keys: [...keys], keysFile })
}

async function runRotate({ db, keys, keysFile, print }: Command): Promise<number> {
  let turned = keys
  if (keysFile && !(await isInterrupted(db, keys))) {
    turned = [createKey(), ...keys]
    // Before anything is sealed with it.
    await writeKeysFile(keysFile, turned)
  }
  const keyring = new Keyring(turned)
  const report = await rotate(db, await Vault.open(db, keyring))
  for (const line of describeRotation(report, keyring, keysFile !== undefined)) print(line)
  const failed = report.secrets.failed + report.answers.failed + report.tokens.failed
  return failed > 0 ? 1 : 0
}

/** Whether the first key in the file was put there by a rotation that is not finished. */
async function isInterrupted(db: Db, [first, ...others]: KeyEncryptionKey[]): Promise<boolean> {
  const rotation = await findRotation(db)
  if (rotation && !rotation.finishedAt) return true
  return others.length > 0 && !(await wasTurnedTo(db, first!.id))
}

async function runRetire(
  { db, keys, keysFile, print }: Command,
  kekId: string | undefined,
): Promise<number> {
  if (keysFile) await refuseStaleService(db)
  const retired = await retire(db, await Vault.open(db, new Keyring(keys)), { kekId })
  const left = keys.filter((key) => !retired.kekIds.includes(key.id))
  if (keysFile && left.length < keys.length) await writeKeysFile(keysFile, left)
  for (const line of describeRetired(retired, keysFile !== undefined)) print(line)
  return 0
}

/** The service reads the keys at its start, and tells the embedded server when that was. */
async function refuseStaleService(db: Db) {
  const { rows } = await sql<{ stale: boolean }>`
    select coalesce(current_setting('latchkey.started_at')::timestamptz < max(started_at), false)
      as stale
    from key_rotations`.execute(db.kysely)
  if (rows[0]!.stale) {
    throw new RetireError(
      'The running service was started before the rotation, and knows the old key only: restart it, then run `retire` again.',
    )
  }
}

async function runStatus({ db, keys, print }: Command): Promise<number> {
  const [wraps, superseded, rotation] = await Promise.all([
    countWraps(db),
    countSuperseded(db),
    findRotation(db),
  ])
  for (const line of describeStatus({ wraps, superseded, rotation, keys })) print(line)
  return 0
}

function explain(error: unknown): string {
  const { code, message } = error as { code?: string; message: string }
  const missingTable = '42P01'
  if (code === missingTable)
    return 'This database holds no tables of Latchkey: start the service once.'
  return message.split('\n')[0] || String(code)
}

if (import.meta.main) {
  process.exitCode = await runKeysCommand(process.argv.slice(2), process.env, {
    print: (line) => console.log(line),
    complain: (line) => console.error(line),
  })
}
