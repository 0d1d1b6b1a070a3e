import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { VendorReport } from './measuring-vendor.ts'
import type { Order, Told } from './replica.ts'

const here = import.meta.dirname

/** Processes that call one vendor under the same limits, on one database. */
export interface Fleet extends AsyncDisposable {
  replicas: ChildProcess[]
  /** All that are there call, until they are told otherwise. */
  order(order: Order): void
  /** Has each make so many calls. */
  run(order: Order & { calls: number }): Promise<Told[]>
  report(): Promise<VendorReport>
}

/** @param skews by how many seconds each process's wall clock is wrong */
export async function startFleet(options: {
  databaseUrl: string
  skews: number[]
  jitterMs?: number
}): Promise<Fleet> {
  await using resources = new AsyncDisposableStack()
  const start = async (file: string, argument: object, skew: number) => {
    const child = fork(join(here, file), [JSON.stringify(argument)], {
      execArgv: ['--import', join(here, 'skewed-clock.ts')],
      env: { ...process.env, CLOCK_SKEW_SECONDS: String(skew) },
    })
    resources.defer(() => end(child))
    const [first] = await once(child, 'message')
    return { child, first }
  }
  const vendor = await start('measuring-vendor.ts', {}, 0)
  const vendorUrl = `http://127.0.0.1:${vendor.first}`
  const { databaseUrl, jitterMs } = options
  const replicas = await Promise.all(
    options.skews.map(async (skew) => {
      const argument = { databaseUrl, vendorUrl, ...(jitterMs && { jitterMs }) }
      return (await start('replica.ts', argument, skew)).child
    }),
  )
  const owned = resources.move()
  return {
    replicas,
    order(order) {
      for (const [at, replica] of replicas.entries()) {
        if (replica.connected) replica.send(from(order, at))
      }
    },
    async run(order) {
      return Promise.all(
        replicas.map(async (replica, at) => {
          replica.send(from(order, at))
          return (await once(replica, 'message'))[0] as Told
        }),
      )
    },
    async report() {
      return (await (await fetch(`${vendorUrl}/report`)).json()) as VendorReport
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** The vendor sees which process calls. */
function from(order: Order, at: number): Order {
  const path = `${order.path}${order.path.includes('?') ? '&' : '?'}from=${at}`
  return { ...order, path }
}

async function end(child: ChildProcess) {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
