import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { constants, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startEmbedded } from '../src/database/embedded.ts'
import type { BadOrder, BadResult } from './bad-neighbour.ts'
import { provision } from './gateway-stage.ts'
import type { LoadOrder, LoadResult } from './load.ts'
import { cpuOf, percentile } from './measure.ts'
import { manners, type Name, names } from './neighbour-manners.ts'
import { createCaller, help, nextMessage, startService } from './stage.ts'

/** The same calls of one tenant, beside a neighbour of another kind each. */
export interface Slice {
  perSecond: number
  p50: number
  p99: number
  /** Milliseconds of CPU in a second. */
  cpu: number
  /** What became of the neighbour's calls in a second, by their status. */
  neighbours: Record<string, number>
}

/** Beside whom: nobody, a vendor of bad manners, or the same calls to one that answers well. */
export type Neighbour = 'nobody' | { name: Name; isWell: boolean }

export const connections = 8
/** Of each connection: a third of what the service can take, so that it is not waited for anyway. */
export const everyMs = 8
/** Until the neighbour's calls are there. */
const beginMs = 500

/** One service with several tenants, and all that calls it or is called, each in its own process. */
export async function setNeighbourStage(nodeOptions: readonly string[] = []) {
  await using resources = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-bench-'))
  resources.defer(() => rm(folder, { recursive: true }))
  await chmod(folder, 0o711)
  const database = await startEmbedded({ dataDir: folder })
  resources.defer(() => database.stop())
  const key = randomBytes(32)
  const good = await help(resources, new URL('./gateway-vendor.ts', import.meta.url))
  const moody = await help(resources, new URL('./moody-vendor.ts', import.meta.url))
  const { child: loader } = await help(resources, new URL('./load.ts', import.meta.url))
  const { child: neighbour } = await help(resources, new URL('./bad-neighbour.ts', import.meta.url))
  // Elsewhere these two have machines of their own: here they get what the others leave them.
  for (const { pid } of [moody.child, neighbour]) giveWay(pid!)
  // Each manner is another tenant's: a vendor that one of them is cut off from is asked by the next.
  const tenants = ['measured', 'well', ...names] as const
  const users = new Map<(typeof tenants)[number], string>()
  for (const tenant of tenants) {
    const caller = await createCaller(database.url, [{ id: 'bench', key }], `${tenant}@localhost`)
    const { userSecret, organizationSecret } = caller
    users.set(tenant, `User ${userSecret}, Organization ${organizationSecret}`)
  }
  const { url, pid } = await startService(resources, nodeOptions, {
    DATABASE_URL: database.url,
    LATCHKEY_KEYS: `bench:${key.toString('base64')}`,
    LATCHKEY_EGRESS_ALLOW: '127.0.0.1',
  })
  for (const [tenant, user] of users) {
    const vendor = tenant === 'measured' ? good : moody
    const { unlimited } = await provision(url, user, vendor.url)
    users.set(tenant, `${user}, Element ${unlimited}`)
  }
  const tell = (order: BadOrder | 'quiet') => {
    neighbour.send(order)
    return nextMessage<BadResult>(neighbour)
  }
  const owned = resources.move()
  return {
    async measure(beside: Neighbour, seconds: number): Promise<Slice> {
      if (beside !== 'nobody') await tell(orderOf(beside))
      await delay(beginMs)
      const usedBefore = await cpuOf(pid)
      loader.send({
        url: `${url}/proxy/contacts/1`,
        headers: { authorization: users.get('measured')! },
        connections,
        everyMs,
        ms: seconds * 1000,
      } satisfies LoadOrder)
      const { ms, latencies, statuses, refusal } = await nextMessage<LoadResult>(loader)
      const used = (await cpuOf(pid))! - usedBefore!
      const ended = await tell('quiet')
      if (latencies.length > (statuses[200] ?? 0)) throw new Error(`refused:\n${refusal}`)
      const perSecond = (count: number, over = ms) => (count / over) * 1000
      return {
        perSecond: perSecond(latencies.length),
        p50: percentile(latencies, 50),
        p99: percentile(latencies, 99),
        cpu: perSecond(used),
        neighbours: Object.fromEntries(
          Object.entries(ended).map(([status, count]) => [status, perSecond(count, ms + beginMs)]),
        ),
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }

  function orderOf({ name, isWell }: Exclude<Neighbour, 'nobody'>): BadOrder {
    const { vendor, beside, callers, leaveAfterMs, pauseMs } = manners[name]
    const path = isWell ? beside : vendor
    const authorization = users.get(isWell ? 'well' : name)!
    return { url: `${url}/proxy/${path}`, authorization, callers, leaveAfterMs, pauseMs }
  }
}

/**
 * The process runs while no other wants to. The lowest priority alone would not do: whoever has the
 * processor then may keep it for some milliseconds (Linux's `sched(7)`, `SCHED_IDLE`).
 */
function giveWay(pid: number) {
  const { status } = spawnSync('chrt', ['--all-tasks', '--idle', '--pid', '0', String(pid)])
  if (status !== 0) setPriority(pid, constants.priority.PRIORITY_LOW)
}
