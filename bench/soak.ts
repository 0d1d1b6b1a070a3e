import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Callers } from './soak-callers.ts'
import type { Held } from './soak-probe.ts'
import { type SoakStage, setSoakStage } from './soak-stage.ts'

const mebibyte = 1024 * 1024
/** What is given back a little later: places, idle connections to the database. */
const settleMs = 2_000
/** Until caches are filled, and the code is compiled. */
const warmUpMinutes = 3
/** In MiB a minute: what is less is noise, and code that is compiled as it gets hot. */
const mostGrowth = { heapUsed: 0.2, external: 0.1, rss: 1 }
const heldFigures = ['rss', 'heapUsed', 'external'] as const

interface Row extends Held {
  minute: number
}

/** Mixed calls through one process for some minutes, and what it holds after each. */
async function soak(minutes: number, signal: AbortSignal) {
  await using stage = await setSoakStage()
  await using callers = new Callers(stage)
  console.log(`Mixed calls through the gateway for ${minutes} minutes; after each, what is held.`)
  const rows: Row[] = []
  for (let minute = 1; minute <= minutes; minute += 1) {
    await delay(60_000, undefined, { signal })
    await callers.pause()
    await delay(settleMs)
    const held = await stage.look()
    rows.push({ minute, ...held })
    console.log(await describe(stage, rows.at(-1)!, callers.count))
    callers.resume()
  }
  report(rows)
  for (const [name, counts] of callers.outcomes) {
    console.log(`${name}: ${[...counts].map(([status, n]) => `${n} × ${status}`).join(', ')}`)
  }
  const { unexpected } = callers
  if (unexpected.length === 0) return
  console.log(`not as they should be answered: ${unexpected.join('; ')}`)
  process.exitCode = 1
}

async function describe(stage: SoakStage, row: Row, calls: number): Promise<string> {
  const metrics = await stage.metrics()
  const pick = (prefix: string) =>
    [...metrics]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => `${/state="([^"]+)"/.exec(name)?.[1] ?? 'in flight'} ${value}`)
      .join(', ')
  const memory = heldFigures.map((name) => `${name} ${(row[name] / mebibyte).toFixed(1)}`)
  const resources = Object.entries(row.resources).map(([kind, count]) => `${kind} ${count}`)
  return [
    `minute ${row.minute}: ${calls} calls`,
    `${memory.join(', ')} MiB`,
    resources.join(', '),
    `database: ${pick('latchkey_database_connections')}`,
    `limits: ${pick('latchkey_limit_calls')}`,
    `calls ${pick('latchkey_gateway_calls_in_flight')}`,
  ].join('; ')
}

function report(rows: readonly Row[]) {
  const counted = rows.filter(({ minute }) => minute > warmUpMinutes)
  if (counted.length < 3) {
    console.log(`Too short for a slope: ${warmUpMinutes} minutes are for warming up.`)
    return
  }
  for (const name of heldFigures) {
    const slope = slopeOf(counted.map((row) => ({ x: row.minute, y: row[name] / mebibyte })))
    const most = mostGrowth[name]
    const verdict = slope <= most ? 'steady' : 'GROWS'
    console.log(
      `${name}: ${slope.toFixed(3)} MiB a minute from minute ${warmUpMinutes + 1} on (at most ${most}): ${verdict}`,
    )
    if (slope > most) process.exitCode = 1
  }
}

/** Of the line that lies nearest to the points. */
function slopeOf(points: readonly { x: number; y: number }[]): number {
  const mean = (read: (point: { x: number; y: number }) => number) =>
    points.reduce((sum, point) => sum + read(point), 0) / points.length
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)]
  const covariance = mean((point) => (point.x - x) * (point.y - y))
  return covariance / mean((point) => (point.x - x) ** 2)
}

async function main() {
  const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } })
  if (!/^[1-9]\d{0,3}$/.test(values.minutes)) {
    throw new Error('npm run soak -- [--minutes 10]')
  }
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => interrupted.abort(new Error(`stopped by ${signal}`)))
  }
  await soak(Number(values.minutes), interrupted.signal)
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
})
