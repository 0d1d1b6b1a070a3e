import { expect } from 'vitest'
import { through } from '../gateway/through.ts'
import { call } from '../support/client.ts'
import { until } from '../support/until.ts'
import type { World } from '../support/world.ts'

interface Through {
  authorization: string
}

/** Sends a call that need not be answered now; answers what is said of it. */
export async function later(
  world: World,
  instance: Through,
  method: string,
  path: string,
  { headers, body }: { headers?: Record<string, string>; body?: string } = {},
) {
  const answer = await through(world, instance, method, path, {
    headers: { prefer: 'respond-async', ...headers },
    ...(body !== undefined && { body }),
  })
  const kept = JSON.parse(answer.text)
  expect([answer.status, kept.code]).toEqual([202, undefined])
  return { ...answer, kept, location: answer.headers.location! }
}

/** The call as its user sees it. */
export async function look(world: World, id: number, authorization = world.authorization) {
  return (await call(world, 'GET', `/calls/${id}`, { authorization })).body
}

/** When it is in one of these states. */
export async function whenIn(world: World, id: number, ...states: string[]) {
  let seen = await look(world, id)
  await until(async () => {
    seen = await look(world, id)
    return states.includes(seen.state)
  })
  return seen
}

/** What waits for its time is due now. */
export async function hasten({ context, organizationId }: World) {
  const { pool } = context.db
  await pool.query('update calls set next_at = now() where organization_id = $1', [organizationId])
  await pool.query("update jobs.job set start_after = now() where name = 'send-later'")
}

/** When it is in one of these states, with no regard to when it is due. */
export async function whenHastened(world: World, id: number, ...states: string[]) {
  await until(async () => {
    await hasten(world)
    return states.includes((await look(world, id)).state)
  })
  return look(world, id)
}

/** The secrets that are kept for a call: what is to be sent, and what was answered. */
export async function secretsOf({ context }: World, id: number): Promise<string[]> {
  const { rows } = await context.db.pool.query(
    'select entry from secrets where owner = $1 order by entry',
    [`call/${id}`],
  )
  return rows.map(({ entry }) => entry)
}
