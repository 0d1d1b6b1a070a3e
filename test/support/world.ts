import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import pino from 'pino'
import { createOrganization } from '../../src/access/organization.ts'
import { buildApp } from '../../src/app.ts'
import { readEnv } from '../../src/config.ts'
import { type Context, createContext } from '../../src/context.ts'
import { createEgress, type EgressOptions } from '../../src/egress/client.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { startWorkers } from '../../src/workers.ts'
import { createTestDatabase } from './database.ts'

export interface WorldOptions {
  /** A migrated database; left out, a new one. */
  databaseUrl?: string
  /** Besides the sandbox. */
  allow?: string[]
  /** How names are resolved and which authorities are trusted. */
  egress?: Omit<EgressOptions, 'allow'>
  probeDeadlineMs?: number
  maxConnections?: number
  /** Whether jobs are done in the background, too. */
  jobs?: boolean
  /** Of another world on the same database. */
  keys?: string
  definitions?: readonly unknown[]
  env?: Record<string, string>
  sandboxTls?: { key: string; cert: string }
}

/** The service on a database of its own, listening, with a vendor beside it and one user. */
export interface World extends AsyncDisposable {
  url: string
  authorization: string
  userId: number
  organizationId: number
  sandbox: Sandbox
  context: Context
  databaseUrl: string
  keys: string
  /** The lines of the service's log so far. */
  log: string[]
  addOrganization(): Promise<{ authorization: string; organizationId: number; userId: number }>
}

/** The integrator login of the sandbox whose password cannot be guessed. */
export const api2 = { id: 'api2', password: 'Vo8#kq<2&"x\'long-and-unique-secret-61c1' }
export const api3 = { id: 'api3', password: 'known-but-without-any-right' }

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  await using resources = new AsyncDisposableStack()
  const databaseUrl = options.databaseUrl ?? resources.use(await createTestDatabase()).url
  const sandbox = resources.use(
    await startSandbox({
      logins: [api2, api3],
      ...(options.sandboxTls && { tls: options.sandboxTls }),
    }),
  )
  const keys = options.keys ?? `test:${randomBytes(32).toString('base64')}`
  const config = readEnv({ DATABASE_URL: databaseUrl, LATCHKEY_KEYS: keys, ...options.env })
  const log: string[] = []
  const stream = new Writable({
    write: (chunk: Buffer, _, done) => {
      log.push(...chunk.toString().split('\n').filter(Boolean))
      done()
    },
  })
  const allow = [`127.0.0.1:${sandbox.port}`, `localhost:${sandbox.port}`, ...(options.allow ?? [])]
  const context = resources.use(
    await createContext({
      config,
      log: pino({ level: config.logLevel }, stream),
      databaseUrl,
      keys: config.keys!,
      egress: createEgress({ ...options.egress, allow }),
      maxConnections: options.maxConnections ?? 5,
      jobsPollingSeconds: 0.5,
      ...(options.definitions && { definitions: options.definitions }),
      ...(options.probeDeadlineMs && { probeDeadlineMs: options.probeDeadlineMs }),
    }),
  )
  if (options.jobs) await startWorkers(context)
  const app = buildApp(context)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  resources.defer(() => app.close())
  const addOrganization = async () => {
    const email = `${randomBytes(6).toString('hex')}@example.com`
    const access = await createOrganization(context, { name: 'Acme', email })
    const { userSecret, organizationSecret, organizationId, userId } = access
    const authorization = `User ${userSecret}, Organization ${organizationSecret}`
    return { authorization, organizationId, userId }
  }
  const first = await addOrganization()
  const owned = resources.move()
  return {
    url,
    ...first,
    sandbox,
    context,
    databaseUrl,
    keys,
    log,
    addOrganization,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
