import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { help } from '../../../bench/stage.ts'
import type { VendorReport } from '../../limits/harness/measuring-vendor.ts'
import { type Service, startService } from '../../support/service.ts'
import { startWorld, type World } from '../../support/world.ts'
import { definitions } from '../scene.ts'
import type { CrowdOrder, CrowdReport } from './crowd.ts'
import { wrongClock } from './wrong-clock.ts'

/** The service as several processes on one database, a vendor that measures, and callers. */
export interface GatewayFleet extends AsyncDisposable {
  /** Where instances are made; another replica, in this process. */
  world: World
  vendor: { url: string; report(): Promise<VendorReport> }
  services: Service[]
  startCrowd(order: CrowdOrder): Crowd
  /** A reverse proxy that does nothing else, in a process of its own. */
  startFloor(): Promise<{ url: string }>
}

/** Callers in a process of their own. */
export interface Crowd {
  /** When all have made the calls that they were told to make. */
  done: Promise<CrowdReport>
  stop(): Promise<CrowdReport>
}

/** @param skews by how many seconds each process's wall clock is wrong */
export async function startGatewayFleet(skews: readonly number[]): Promise<GatewayFleet> {
  await using resources = new AsyncDisposableStack()
  const vendor = await start(
    resources,
    join(import.meta.dirname, '../../limits/harness/measuring-vendor.ts'),
  )
  const vendorUrl = `http://127.0.0.1:${vendor.first}`
  const world = resources.use(await startWorld({ definitions, allow: ['127.0.0.1'] }))
  const services = await Promise.all(
    skews.map(async (skew) => {
      const env = {
        DATABASE_URL: world.databaseUrl,
        LATCHKEY_KEYS: world.keys,
        LATCHKEY_EGRESS_ALLOW: new URL(vendorUrl).host,
        ...wrongClock(skew),
      }
      const service = await startService(env)
      resources.defer(async () => {
        await service.stop('SIGKILL')
      })
      return service
    }),
  )
  const owned = resources.move()
  return {
    world,
    vendor: {
      url: vendorUrl,
      report: async () => (await (await fetch(`${vendorUrl}/report`)).json()) as VendorReport,
    },
    services,
    startCrowd(order) {
      const starting = start(owned, join(import.meta.dirname, 'crowd.ts'))
      const told = async (message: CrowdOrder | 'stop') => {
        const { child } = await starting
        child.send(message)
        const [report] = await once(child, 'message')
        return report as CrowdReport
      }
      const done = told(order)
      return { done, stop: () => told('stop') }
    },
    startFloor: () =>
      help(owned, new URL('../../../bench/gateway-floor.ts', import.meta.url), [vendorUrl]),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function start(resources: AsyncDisposableStack, file: string) {
  const child = fork(file, ['{}'])
  resources.defer(() => end(child))
  const [first] = await once(child, 'message')
  return { child, first }
}

async function end(child: ChildProcess) {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
