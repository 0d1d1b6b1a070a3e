import type { Logger } from 'pino'
import { accessChannel, Callers } from './access/callers.ts'
import { Passwords } from './access/password.ts'
import { TokenUses } from './access/token-uses.ts'
import { Sessions } from './authentication/sessions.ts'
import { CertificateReader } from './certificates/reader.ts'
import type { Config } from './config.ts'
import { type Db, openDatabase } from './database/database.ts'
import { IdBlocks } from './database/id-blocks.ts'
import { type Jobs, openJobs } from './database/jobs.ts'
import { Listener } from './database/listener.ts'
import { createEgress, type Egress } from './egress/client.ts'
import { Catalog } from './elements/catalog.ts'
import { Elements } from './elements/elements.ts'
import { elementsChannel } from './elements/inventories.ts'
import { BodyRoom } from './gateway/body-room.ts'
import { Breakers } from './gateway/breaker.ts'
import { CallLog } from './gateway/call-log.ts'
import { Challenges } from './gateway/challenges.ts'
import { Connections, instancesChannel } from './gateway/connections.ts'
import { NewLimits } from './gateway/new-limits.ts'
import { watchState } from './gauges.ts'
import { CheckAdmission } from './health/admission.ts'
import { Verifications } from './health/verifications.ts'
import { Limiter } from './limits/limiter.ts'
import { ProbeAdmission } from './probe/admission.ts'
import { probeDeadlineMs } from './probe/probe.ts'
import { Metrics } from './telemetry/metrics.ts'
import type { TraceOptions, Traces } from './telemetry/traces.ts'
import { Renewals } from './tokens/renewals.ts'
import { Keyring } from './vault/keyring.ts'
import { Vault } from './vault/vault.ts'
import { Receivers } from './webhooks/receivers.ts'

/** Everything that a request may need, wired by hand. */
export interface Context extends AsyncDisposable {
  config: Config
  log: Logger
  db: Db
  jobs: Jobs
  vault: Vault
  callers: Callers
  listener: Listener
  connections: Connections
  passwords: Passwords
  elements: Elements
  egress: Egress
  certificates: CertificateReader
  admission: ProbeAdmission
  checks: CheckAdmission
  verifications: Verifications
  sessions: Sessions
  renewals: Renewals
  tokenUses: TokenUses
  limiter: Limiter
  bodyRoom: BodyRoom
  breakers: Breakers
  challenges: Challenges
  metrics: Metrics
  /** Where they go somewhere. */
  traces: Traces | undefined
  callLog: CallLog
  receivers: Receivers
  instanceIds: IdBlocks
  certificateIds: IdBlocks
  authorizationIds: IdBlocks
  connectSessionIds: IdBlocks
  oauthAppIds: IdBlocks
  webhookIds: IdBlocks
  importKeyIds: IdBlocks
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
  /** How often waiting jobs are looked for. */
  jobsPollingSeconds?: number
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
    const jobs = await openJobs(db, {
      onError: (error) => log.warn({ err: error }, 'a job in the background failed'),
      pollingSeconds: options.jobsPollingSeconds,
    })
    const listener = new Listener({
      url: options.databaseUrl,
      channels: {
        [accessChannel]: () => {
          callers.forget()
          connections.forgetCallers()
        },
        [instancesChannel]: (name) => {
          connections.forget(name)
          newLimits.apply(name)
        },
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
        firstByteMs: config.callTimeoutMs,
        idleMs: config.callIdleMs,
        ...(config.egressProxy && { proxy: config.egressProxy }),
      })
    const certificates = new CertificateReader()
    const verifications = new Verifications()
    const tokenUses = new TokenUses(db, (error) =>
      log.warn({ err: error }, 'uses of tokens could not be noted'),
    )
    const limiter = new Limiter({
      url: options.databaseUrl,
      jitterMs: config.limitJitterMs,
      onError: (error) => log.warn({ err: error }, 'limits could not be asked for'),
    })
    const newLimits = new NewLimits({ db, elements, limiter, log })
    const callLog = new CallLog(db, (error) => log.warn({ err: error }, 'calls could not be kept'))
    const renewals = new Renewals()
    const breakers = new Breakers()
    const metrics = new Metrics()
    const traces = config.traces && (await openTraces(config.traces))
    watchState({ breakers, db, limiter, metrics })
    const deadlineMs = options.probeDeadlineMs ?? probeDeadlineMs
    const opening = { db, jobs, vault, elements, egress, renewals, log, tokenUses, metrics }
    const connections = new Connections({ ...opening, probeDeadlineMs: deadlineMs }, listener)
    return {
      config,
      log,
      db,
      jobs,
      vault,
      callers,
      listener,
      connections,
      passwords: new Passwords(),
      elements,
      egress,
      certificates,
      admission: new ProbeAdmission(),
      checks: new CheckAdmission(),
      verifications,
      sessions: new Sessions(),
      renewals,
      tokenUses,
      limiter,
      bodyRoom: new BodyRoom(),
      breakers,
      metrics,
      traces,
      callLog,
      challenges: new Challenges(),
      receivers: new Receivers(),
      instanceIds: new IdBlocks(db, 'instances_id_seq'),
      certificateIds: new IdBlocks(db, 'certificates_id_seq'),
      authorizationIds: new IdBlocks(db, 'authorizations_id_seq'),
      connectSessionIds: new IdBlocks(db, 'connect_sessions_id_seq'),
      oauthAppIds: new IdBlocks(db, 'oauth_apps_id_seq'),
      webhookIds: new IdBlocks(db, 'webhooks_id_seq'),
      importKeyIds: new IdBlocks(db, 'import_keys_id_seq'),
      probeDeadlineMs: deadlineMs,
      async [Symbol.asyncDispose]() {
        await verifications[Symbol.asyncDispose]()
        await jobs[Symbol.asyncDispose]()
        await certificates[Symbol.asyncDispose]()
        await egress[Symbol.asyncDispose]()
        await tokenUses[Symbol.asyncDispose]()
        await callLog[Symbol.asyncDispose]()
        await traces?.[Symbol.asyncDispose]()
        await limiter[Symbol.asyncDispose]()
        await listener[Symbol.asyncDispose]()
        connections[Symbol.dispose]()
        await db[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await db[Symbol.asyncDispose]()
    throw error
  }
}

/** Loaded by those alone who want it: it is much. */
async function openTraces(options: TraceOptions): Promise<Traces> {
  const { Traces } = await import('./telemetry/traces.ts')
  return new Traces(options)
}
