import type pg from 'pg'
import { clientTransaction, type Db, prepared } from '../database/database.ts'
import type { Claim, Delivery } from './lane-store.ts'
import type { Outcome } from './outcome.ts'
import type { WebhookKey } from './store.ts'

/** One attempt, with what follows from it. */
export interface Attempted extends WebhookKey {
  claim: Claim
  delivery: Delivery
  outcome: Outcome
  durationMs: number
  /** Seconds until the next one; undefined where there is none. */
  retryIn: number | undefined
  /** Seconds for which nothing at all is sent; undefined: no longer than before. */
  pause: number | undefined
  /** Days of nothing but failures, after which a receiver with a dead event gets nothing more. */
  patienceDays: number
}

const lockStatement = {
  name: 'lock-webhook-lane',
  text: `
    select l.next_at = $4 as held
    from webhooks w left join lateral (
      select next_at from webhook_lanes
      where organization_id = $1 and webhook_id = $2 and instance_id = $3 for update
    ) l on true
    where w.organization_id = $1 and w.id = $2 for key share of w`,
}

const recordStatement = {
  name: 'record-webhook-attempt',
  text: `
    with delivery as (
      update webhook_deliveries
      set attempts = attempts + 1, tries = tries + 1,
        state = case when state = 'waiting' or $4 = 'delivered' then $4 else state end,
        finished_at = case when $4 = 'waiting' then finished_at else now() end
      where organization_id = $1 and webhook_id = $2 and id = $3
      returning attempts
    )
    insert into webhook_attempts (organization_id, webhook_id, delivery_id, number, status,
      duration_ms, failure_kind, failure_message, answer)
    select $1, $2, $3, attempts, $5, $6, $7, $8, $9 from delivery`,
}

const waitStatement = {
  name: 'set-webhook-lane-back',
  text: `
    update webhook_lanes set next_at = now() + make_interval(secs => $4::float8)
    where organization_id = $1 and webhook_id = $2 and instance_id = $3`,
}

/** A statement of its own, after the lock: it sees what others added before they let go of it. */
const advanceStatement = {
  name: 'advance-webhook-lane',
  text: `
    with waiting as (
      select id from webhook_deliveries
      where organization_id = $1 and webhook_id = $2 and instance_id = $3 and state = 'waiting'
      limit 1
    ), ended as (
      delete from webhook_lanes
      where organization_id = $1 and webhook_id = $2 and instance_id = $3
        and not exists (select from waiting)
    )
    update webhook_lanes set next_at = now()
    where organization_id = $1 and webhook_id = $2 and instance_id = $3
      and exists (select from waiting)`,
}

const successStatement = {
  name: 'note-webhook-success',
  text: `
    update webhooks set failures = 0, failing_since = null, paused_until = null
    where organization_id = $1 and id = $2 and failures > 0`,
}

const failureStatement = {
  name: 'note-webhook-failure',
  text: `
    with seen as (
      select case when $4::text is not null then $4
        when $5 and failing_since < now() - make_interval(days => $6)
          then 'No event could be delivered for ' || $6::integer || ' days.' end as reason
      from webhooks where organization_id = $1 and id = $2
    )
    update webhooks w
    set failures = failures + 1, failing_since = coalesce(failing_since, now()),
      paused_until = coalesce(now() + make_interval(secs => $3::float8), paused_until),
      active = active and reason is null,
      inactive_reason = case when active then reason else inactive_reason end
    from seen
    where w.organization_id = $1 and w.id = $2
    returning active`,
}

/**
 * Keeps what became of an attempt. What is delivered or dead makes way for the next event of its
 * instance, if the claim is still ours.
 * @returns whether the webhook goes on
 */
export function storeAttempt(db: Pick<Db, 'pool'>, attempted: Attempted): Promise<boolean> {
  const { organizationId, id, claim, delivery, outcome, retryIn } = attempted
  const { status, failure, answer, delivered } = outcome
  const lane = [organizationId, id, claim.instanceId]
  const state = delivered ? 'delivered' : retryIn === undefined ? 'dead' : 'waiting'
  return clientTransaction(db, async (client) => {
    const values = [...lane, claim.leaseUntil]
    const [locked] = await prepared<{ held: boolean | null }>(client, lockStatement, values)
    if (!locked) return false
    await prepared(client, recordStatement, [
      organizationId,
      id,
      delivery.id,
      state,
      status,
      attempted.durationMs,
      failure?.kind ?? null,
      failure?.message ?? null,
      answer,
    ])
    if (locked.held) {
      if (state === 'waiting') await prepared(client, waitStatement, [...lane, retryIn])
      else await prepared(client, advanceStatement, lane)
    }
    return noteHealth(client, attempted, state === 'dead')
  })
}

/** Gives up a claim of nothing. */
export async function advanceLane(
  db: Pick<Db, 'pool'>,
  { organizationId, id }: WebhookKey,
  { instanceId, leaseUntil }: Claim,
) {
  const lane = [organizationId, id, instanceId]
  await clientTransaction(db, async (client) => {
    const values = [...lane, leaseUntil]
    const [locked] = await prepared<{ held: boolean | null }>(client, lockStatement, values)
    if (locked?.held) await prepared(client, advanceStatement, lane)
  })
}

async function noteHealth(
  client: pg.PoolClient,
  { organizationId, id, outcome, pause, patienceDays }: Attempted,
  isDead: boolean,
): Promise<boolean> {
  if (outcome.delivered) {
    await prepared(client, successStatement, [organizationId, id])
    return true
  }
  const values = [organizationId, id, pause ?? null, outcome.gone ?? null, isDead, patienceDays]
  const [noted] = await prepared<{ active: boolean }>(client, failureStatement, values)
  return noted?.active ?? false
}
