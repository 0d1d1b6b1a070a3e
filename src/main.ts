import { setFlagsFromString } from 'node:v8'
import closeWithGrace from 'close-with-grace'
import pino from 'pino'
import { readEnv } from './config.ts'

// Bodies pass through in buffers outside of the heap. Else 64 MB of them, long free, stop everything
// for a full collection, some times a second where much is streamed.
setFlagsFromString('--external-memory-accounted-in-global-limit')
// While little happens V8 would compact the whole heap, to give memory back: a tenth of a second of
// standing still where thousands of calls wait.
setFlagsFromString('--memory-reducer-gc-count=0')

// After the drain of half a minute PostgreSQL takes as long again where it has to be forced.
const patienceMs = 70_000

async function main() {
  const config = readEnv(process.env)
  // Takes a while: what is wrong with the environment is told before.
  const { start } = await import('./start.ts')
  const log = pino(
    { level: config.logLevel },
    pino.destination({ dest: 1, sync: false, minLength: 15_360, periodicFlush: 250 }),
  )
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

main().catch((error: Error) => {
  process.stderr.write(`Latchkey cannot start: ${error.message}\n`)
  process.exitCode = 1
})
