import type { Logger } from 'pino'
import { accessChannel, Callers } from './access/callers.ts'
import { CertificateReader } from './certificates/reader.ts'
import type { Config } from './config.ts'
import { type Db, openDatabase } from './database/database.ts'
import { IdBlocks } from './database/id-blocks.ts'
import { Listener } from './database/listener.ts'
import { createEgress, type Egress } from './egress/client.ts'
import { Catalog } from './elements/catalog.ts'
import { Elements } from './elements/elements.ts'
import { elementsChannel } from './elements/inventories.ts'
import { ProbeAdmission } from './probe/admission.ts'
import { probeDeadlineMs } from './probe/probe.ts'
import { Keyring } from './vault/keyring.ts'
import { Vault } from './vault/vault.ts'

/** Everything that a request may need, wired by hand. */
export interface Context extends AsyncDisposable {
  config: Config
  log: Logger
  db: Db
  vault: Vault
  callers: Callers
  elements: Elements
  egress: Egress
  certificates: CertificateReader
  admission: ProbeAdmission
  instanceIds: IdBlocks
  certificateIds: IdBlocks
  probeDeadlineMs: number
}

/** What the environment alone does not say: where the embedded parts are, and what a test replaces. */
export interface ContextOptions {
  config: Config
  log: Logger
  databaseUrl: string
  keys: NonNullable<Config['keys']>
  /** Besides `LATCHKEY_EGRESS_ALLOW`: the sandbox. */
  allow?: string[]
  egress?: Egress
  probeDeadlineMs?: number
  maxConnections?: number
  /** Definitions besides the files. */
  definitions?: readonly unknown[]
}

/** @throws {KeyringError} where the keys do not fit the database */
export async function createContext(options: ContextOptions): Promise<Context> {
  const { config, log } = options
  const db = openDatabase({
    url: options.databaseUrl,
    maxConnections: options.maxConnections ?? 10,
    onError: (error) => log.warn({ err: error }, 'a database connection failed'),
  })
  try {
    const vault = await Vault.open(db, new Keyring(options.keys))
    const catalog = await Catalog.open(db, options.definitions)
    const listener = new Listener({
      url: options.databaseUrl,
      channels: {
        [accessChannel]: () => callers.forget(),
        [elementsChannel]: (organizationId) => elements.forget(Number(organizationId) || undefined),
      },
      onError: (error) => log.warn({ err: error }, 'the listening connection failed'),
    })
    const callers = new Callers(db, listener)
    const elements = new Elements(db, catalog, listener)
    const egress =
      options.egress ??
      createEgress({
        allow: [...config.egressAllow, ...(options.allow ?? [])],
        ...(config.egressProxy && { proxy: config.egressProxy }),
      })
    const certificates = new CertificateReader()
    return {
      config,
      log,
      db,
      vault,
      callers,
      elements,
      egress,
      certificates,
      admission: new ProbeAdmission(),
      instanceIds: new IdBlocks(db, 'instances_id_seq'),
      certificateIds: new IdBlocks(db, 'certificates_id_seq'),
      probeDeadlineMs: options.probeDeadlineMs ?? probeDeadlineMs,
      async [Symbol.asyncDispose]() {
        await certificates[Symbol.asyncDispose]()
        await egress[Symbol.asyncDispose]()
        await listener[Symbol.asyncDispose]()
        await db[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await db[Symbol.asyncDispose]()
    throw error
  }
}
