import { once } from 'node:events'
import pino from 'pino'
import { readEnv } from '../../src/config.ts'
import { createContext } from '../../src/context.ts'
import { definitions, get } from './instances.ts'

/** A process of the service's that calls a vendor as one instance, so many times at once. */
const { ORGANIZATION, INSTANCE, VENDOR, CALLS, ...env } = process.env
const config = readEnv(env)
await using context = await createContext({
  config,
  log: pino({ level: 'info' }, pino.destination(2)),
  databaseUrl: config.databaseUrl!,
  keys: config.keys!,
  definitions,
})
const key = { organizationId: Number(ORGANIZATION), instanceId: Number(INSTANCE) }
const { origin, pathname } = new URL(VENDOR!)
process.stdout.write('ready\n')
await once(process.stdin, 'data')
const calls = Array.from({ length: Number(CALLS) }, () =>
  get({ context }, key, { url: origin }, pathname).then(
    ({ status }) => status,
    (error) => error.code ?? String(error),
  ),
)
process.stdout.write(`${JSON.stringify(await Promise.all(calls))}\n`)
process.stdin.unref()
