import { join, resolve } from 'node:path'
import closeWithGrace from 'close-with-grace'
import pino, { type Logger } from 'pino'
import { buildApp } from './app.ts'
import { type Config, readEnv } from './config.ts'
import { createContext } from './context.ts'
import { startEmbedded } from './database/embedded.ts'
import { migrate } from './database/migrate.ts'
import { type Credentials, curlCommand, readOrCreateCredentials, sandboxLogin } from './embedded.ts'
import type { Server } from './http/server.ts'
import { type Sandbox, startSandbox } from './sandbox/sandbox.ts'
import { readOrCreateKeysFile } from './vault/keys-file.ts'

const drainMs = 30_000
// After the drain PostgreSQL takes as long again where it has to be forced.
const patienceMs = 70_000

async function main() {
  const config = readEnv(process.env)
  const log = pino({ level: config.logLevel }, pino.destination({ dest: 1, sync: false }))
  const resources = new AsyncDisposableStack()
  let closing: Promise<void> | undefined
  const close = () => (closing ??= resources.disposeAsync())
  const starting = start(config, log, resources)
  const grace = closeWithGrace({ delay: patienceMs, logger: false }, async ({ err, signal }) => {
    if (err) log.fatal({ err }, 'the service ends on an error')
    else log.info({ signal }, 'stopping: no new requests, those under way are finished')
    // Told to stop while it starts, it starts first: nothing half-made is left running.
    await starting.catch(() => {})
    await close()
  })
  try {
    await starting
  } catch (error) {
    grace.uninstall()
    await close()
    throw error
  }
}

async function start(config: Config, log: Logger, resources: AsyncDisposableStack) {
  const { databaseUrl, keys, dataFolder } = await openStorage(config, log, resources)
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
  resources.defer(() => drain(app))
  const { host, port } = config
  const listening = await app.listen({ host, port }).catch(chooseAnother('HOST or PORT'))
  const address = config.publicUrl ?? listening
  if (credentials) greet({ config, address, dataFolder, credentials, sandbox })
  else log.info({ address }, 'listening')
}

/** Finishes the requests that are under way, and gives up on those that take too long. */
async function drain(app: Server) {
  const giveUp = setTimeout(() => app.server.closeAllConnections(), drainMs)
  await app.close()
  clearTimeout(giveUp)
}

/** For a server that cannot listen: which variable decides where it does. */
function chooseAnother(variable: string) {
  return (cause: Error): never => {
    throw new Error(`${cause.message}. Choose another ${variable}.`, { cause })
  }
}

/** PostgreSQL and keys from the environment, or the embedded ones of the data folder. */
async function openStorage(config: Config, log: Logger, resources: AsyncDisposableStack) {
  if (config.databaseUrl) {
    return { databaseUrl: config.databaseUrl, keys: config.keys!, dataFolder: undefined }
  }
  const postgres = await startEmbedded({
    dataDir: config.dataDir,
    onExit: (error) => log.fatal({ err: error }, 'the embedded PostgreSQL ended'),
  })
  resources.defer(() => postgres.stop())
  const keys = config.keys ?? (await readOrCreateKeysFile(join(config.dataDir, 'keys')))
  return { databaseUrl: postgres.url, keys, dataFolder: postgres.dataFolder }
}

function greet(started: {
  config: Config
  address: string
  dataFolder: string | undefined
  credentials: Credentials
  sandbox: Sandbox | undefined
}) {
  const { config, address, dataFolder, credentials, sandbox } = started
  const lines = [
    `Latchkey listens on ${address}; the API is described at ${address}/docs`,
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

main().catch((error: Error) => {
  process.stderr.write(`Latchkey cannot start: ${error.message}\n`)
  process.exitCode = 1
})
