import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbedded } from '../src/database/embedded.ts'
import { alignColumns } from './measure.ts'
import { waitAndSee } from './waiting-rounds.ts'
import { setWaitingStage } from './waiting-stage.ts'

const calls = 10_000
const bytesAim = 25_000
const stallAim = 50

/** Ten thousand calls that wait for their turn in one process, over HTTP. */
export async function benchWaiting({ signal }: { signal: AbortSignal }) {
  await using resources = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-bench-'))
  resources.defer(() => rm(folder, { recursive: true }))
  await chmod(folder, 0o711)
  const database = await startEmbedded({ dataDir: folder })
  resources.defer(() => database.stop())
  const stage = resources.use(await setWaitingStage(database.url))
  console.log(
    `${calls} calls wait in one process, each on a connection of its own; Node ${process.versions.node}, ${availableParallelism()} CPUs; logging and metrics on.`,
  )
  const { each, stalls, released, expired } = await waitAndSee(stage, calls, signal)
  const kB = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`
  console.log(
    `each: ${kB(each.rss)} of the process, ${kB(each.heap)} of its heap; wanted ${kB(bytesAim)}: ${judge(each.rss <= bytesAim)}`,
  )
  const rows = Object.entries(stalls).map(([when, { ms, cpuMs }]) => [
    when,
    ms.toFixed(0),
    cpuMs.toFixed(0),
    `${judge(ms <= stallAim)}; of its own ${judge(cpuMs <= stallAim)}`,
  ])
  console.log(
    `\n${alignColumns([['longest stall of the event loop', 'ms', 'of its own work', `wanted ${stallAim}`], ...rows])}`,
  )
  console.log(
    `\nreleased together: ${JSON.stringify(released.statuses)} in ${released.ms.toFixed(0)} ms; expired together: ${JSON.stringify(expired.codes)} in ${expired.ms.toFixed(0)} ms`,
  )
}

function judge(met: boolean): string {
  return met ? 'met' : 'MISSED'
}
