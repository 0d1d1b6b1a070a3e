import type { Principal } from '../access/store.ts'
import type { Context } from '../context.ts'
import { findGoverned } from '../instances/own.ts'
import { showSettings } from '../instances/settings.ts'
import type { LimitPool } from '../limits/limited.ts'
import { findLimited } from '../limits/limited-by.ts'
import { holdersFor, showBudget } from '../limits/live.ts'

type Needs = Pick<Context, 'breakers' | 'db' | 'elements' | 'limiter' | 'vault'>

/**
 * What calls through an instance have to wait for, and how full it is right now, over all replicas;
 * how its vendor fares, as this replica knows it.
 * @throws {Refusal} `instance-not-found`
 */
export async function readLiveLimits(
  context: Needs,
  principal: Principal,
  id: number,
): Promise<object> {
  const { breakers, limiter } = context
  const named = { principal, id, keyInPath: undefined, ifMatch: undefined }
  const { row, element } = await findGoverned(context, named)
  const settings = showSettings(element, row.settings)
  const limits = { ...settings, concurrency: element.settings?.concurrency }
  const limited = await findLimited(context, row, limits)
  const state = limited && (await limiter.state(limited))
  const { budget, pools = [] } = state ?? {}
  const show = await holdersFor(context, principal, pools)
  const circuits = breakers.states(`${principal.organizationId}/${id}`)
  return {
    rateLimit: budget
      ? { ...sourceOf(budget.name), ...showBudget(budget, limited!.budget!.windows) }
      : null,
    connectionPools: pools.map((pool, at) => ({
      ...sourceOf(pool.name),
      limit: (limited!.pools[at] as LimitPool).limit,
      ...show(pool),
    })),
    waitingHere: limited ? limiter.waitingHere(limited) : 0,
    vendors: circuits.map(({ host, state, failures, inFlight, retryAfter }) => ({
      host,
      state,
      failures,
      inFlight,
      ...(retryAfter !== undefined && { retryAfterSeconds: retryAfter }),
    })),
  }
}

/** Who has it: the instance alone, or all that name what is shared. */
function sourceOf(name: string): object {
  const [place, id] = name.split('/')
  if (place === 'shared') return { rateLimitId: Number(id) }
  return place === 'pool' ? { connectionPoolId: Number(id) } : {}
}
