import { call, helpDesk } from '../support/client.ts'
import { until } from '../support/until.ts'
import type { World } from '../support/world.ts'

type Caller = Pick<World, 'url' | 'authorization'>

/** A webhook with the secret that its events are signed with. */
export async function subscribe(
  caller: Caller,
  url: string,
  more: object = {},
): Promise<{ id: number; path: string; secret: string }> {
  const body = { url, events: ['*'], ...more }
  const answer = await call(caller, 'POST', '/webhooks', { body })
  if (answer.status !== 200) throw new Error(answer.text)
  const { id, secret } = answer.body
  return { id, path: `/webhooks/${id}`, secret }
}

export async function provision(world: World, more: object = {}, caller: Caller = world) {
  const body = { ...helpDesk(world), ...more }
  const answer = await call(caller, 'POST', '/instances', { body })
  if (answer.status !== 200) throw new Error(answer.text)
  return answer.body
}

/** As if whatever waits by now had waited long enough; what is under way is let be. */
export async function hasten(world: World, webhookId: number) {
  const { pool } = world.context.db
  const { rows } = await pool.query(
    `select from jobs.job
     where name = 'deliver-events' and state = 'active' and data ->> 'webhookId' = $1`,
    [String(webhookId)],
  )
  if (rows.length > 0) return
  await pool.query('update webhooks set paused_until = null where id = $1', [webhookId])
  await pool.query('update webhook_lanes set next_at = now() where webhook_id = $1', [webhookId])
  await pool.query(
    `update jobs.job set start_after = now()
     where name = 'deliver-events' and state < 'active' and data ->> 'webhookId' = $1`,
    [String(webhookId)],
  )
}

export async function deliveriesOf(world: Caller, path: string, query = '') {
  const { body } = await call(world, 'GET', `${path}/deliveries${query}`)
  return body
}

/** Once so many of them are in that state. */
export async function untilDeliveries(world: Caller, path: string, state: string, count: number) {
  await until(async () => (await deliveriesOf(world, path, `?state=${state}`)).length >= count)
  return deliveriesOf(world, path, `?state=${state}`)
}

/** Time passes until it is so: what is planned meanwhile comes at once, too. */
export async function hastenUntil(
  world: World,
  webhookId: number,
  condition: () => Promise<boolean>,
) {
  await until(async () => {
    await hasten(world, webhookId)
    return condition()
  })
}
