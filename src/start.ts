import { resolve } from 'node:path'
import type { Logger } from 'pino'
import { buildApp } from './app.ts'
import type { Config } from './config.ts'
import { type Context, createContext } from './context.ts'
import { type EmbeddedOptions, startEmbedded } from './database/embedded.ts'
import { migrate } from './database/migrate.ts'
import {
  type Credentials,
  curlCommand,
  firstSignInCode,
  readOrCreateCredentials,
  sandboxLogin,
} from './first-credentials.ts'
import type { Server } from './http/server.ts'
import { type Sandbox, startSandbox } from './sandbox/sandbox.ts'
import { openStorage } from './vault/storage.ts'
import { startWorkers } from './workers.ts'

const drainMs = 30_000

/** Starts all that the service consists of, and leaves to `resources` what ends it. */
export async function start(config: Config, log: Logger, resources: AsyncDisposableStack) {
  const { databaseUrl, keys, dataFolder } = await openStorage(config, resources, startPostgres(log))
  await migrate(databaseUrl)
  const login = config.databaseUrl ? undefined : await sandboxLogin(config)
  const sandbox =
    login && config.sandboxPort !== 'off'
      ? resources.use(
          await startSandbox({ port: config.sandboxPort, logins: [login] }).catch(
            chooseAnother('LATCHKEY_SANDBOX_PORT, or "off"'),
          ),
        )
      : undefined
  const allow = sandbox ? [`127.0.0.1:${sandbox.port}`] : []
  const context = resources.use(await createContext({ config, log, databaseUrl, keys, allow }))
  const credentials = login && (await readOrCreateCredentials(context, login))
  const app = buildApp(context)
  resources.defer(() => drain(app, context))
  await startWorkers(context)
  const { host, port } = config
  const listening = await app.listen({ host, port }).catch(chooseAnother('HOST or PORT'))
  const address = config.publicUrl ?? listening
  if (credentials) {
    const code = await firstSignInCode(context, credentials)
    greet({ config, address, dataFolder, credentials, sandbox, code })
  } else log.info({ address }, 'listening')
}

/** Finishes the requests and jobs that are under way, and gives up on those that take too long. */
async function drain(app: Server, { jobs }: Pick<Context, 'jobs'>) {
  const giveUp = setTimeout(() => app.server.closeAllConnections(), drainMs)
  await Promise.all([app.close(), jobs.stop(drainMs)])
  clearTimeout(giveUp)
}

/** For a server that cannot listen: which variable decides where it does. */
function chooseAnother(variable: string) {
  return (cause: Error): never => {
    throw new Error(`${cause.message}. Choose another ${variable}.`, { cause })
  }
}

/** The embedded PostgreSQL, whose unasked ends are told. */
function startPostgres(log: Logger) {
  return (options: EmbeddedOptions) =>
    startEmbedded({
      ...options,
      onExit: (err) => log.error({ err }, 'the embedded PostgreSQL ended, and is started again'),
      // As any error that nobody handles: the service says why, closes, and ends with exit code 1.
      onLost: (err) =>
        queueMicrotask(() => {
          throw err
        }),
    })
}

function greet(started: {
  config: Config
  address: string
  dataFolder: string | undefined
  credentials: Credentials
  sandbox: Sandbox | undefined
  code: string | undefined
}) {
  const { config, address, dataFolder, credentials, sandbox, code } = started
  const lines = [
    `Latchkey listens on ${address}; the API is described at ${address}/docs`,
    `The console: ${address}/console${code ? `/sign-in#${code} (signs in once, within ten minutes)` : ''}`,
    `Data, keys and first secrets: ${resolve(config.dataDir)} (database in ${dataFolder})`,
  ]
  if (sandbox) {
    lines.push(
      `Sandbox vendor (answers as ConnectWise does): ${sandbox.url}`,
      'Provision your first instance:',
      '',
      `  ${curlCommand(address, sandbox.url, credentials)}`,
      '',
    )
  }
  process.stdout.write(`${lines.join('\n')}\n`)
}
