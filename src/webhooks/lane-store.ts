import type pg from 'pg'
import { type Db, prepared } from '../database/database.ts'
import type { EventData } from './event.ts'
import type { SealedVersion } from './secrets-store.ts'
import type { WebhookKey } from './store.ts'

type Queries = Pick<Db, 'pool'>

/** A webhook as far as what is sent to it depends on it. */
export interface Receiver extends WebhookKey {
  url: string
  /** Since the last delivery that succeeded. */
  failures: number
  /** Seconds; 0 where anything may be sent now. */
  pausedFor: number
  /** Those that sign by now, the newest first. */
  secrets: SealedVersion[]
}

const receiverStatement = {
  name: 'find-webhook-receiver',
  text: `
    select w.organization_id as "organizationId", w.id, w.url, w.failures,
      greatest(0, coalesce(extract(epoch from w.paused_until - now()), 0))::float8 as "pausedFor",
      coalesce((select json_agg(s order by "secretVersion" desc) from (
        select secret_version as "secretVersion", origins, sealed from secrets
        where organization_id = $1 and owner = 'webhook/' || w.id
          and (secret_version = w.secret_version
            or (secret_version < w.secret_version and w.previous_until > now()))
      ) s), '[]') as secrets
    from webhooks w
    where w.organization_id = $1 and w.id = $2 and w.active and exists (
      select from organizations o where o.organization_id = $1 and o.erasing_since is null)`,
}

/** Undefined where nothing is sent to it. */
export async function findReceiver(
  { pool }: Queries,
  { organizationId, id }: WebhookKey,
): Promise<Receiver | undefined> {
  const [row] = await prepared<Receiver & pg.QueryResultRow>(pool, receiverStatement, [
    organizationId,
    id,
  ])
  return row
}

/** The oldest of what waits about an instance, which nobody else delivers until the lease ends. */
export interface Claim {
  instanceId: number
  /** By the clock of the database; also what tells this claim from a later one. */
  leaseUntil: Date
  /** Null where nothing waits any more. */
  delivery: Delivery | null
}

export interface Delivery {
  id: number
  type: string
  data: EventData
  createdAt: string
  tries: number
  /** Seconds since it was queued last. */
  age: number
}

const claimStatement = {
  name: 'claim-webhook-lane',
  text: `
    with due as (
      select l.instance_id from webhook_lanes l
      where l.organization_id = $1 and l.webhook_id = $2 and l.next_at <= now()
      order by l.next_at limit 1 for update skip locked
    ), claimed as (
      update webhook_lanes l set next_at = now() + make_interval(secs => $3)
      from due
      where l.organization_id = $1 and l.webhook_id = $2 and l.instance_id = due.instance_id
      returning l.instance_id, l.next_at
    )
    select c.instance_id as "instanceId", c.next_at as "leaseUntil", (
      select json_build_object('id', d.id, 'type', d.type, 'data', d.data,
        'createdAt', d.created_at, 'tries', d.tries,
        'age', extract(epoch from now() - d.queued_at))
      from webhook_deliveries d
      where d.organization_id = $1 and d.webhook_id = $2 and d.instance_id = c.instance_id
        and d.state = 'waiting'
      order by d.id limit 1
    ) as delivery
    from claimed c`,
}

/** What is due the longest; undefined where nothing is. */
export async function claimLane(
  { pool }: Queries,
  { organizationId, id }: WebhookKey,
  leaseSeconds: number,
): Promise<Claim | undefined> {
  const values = [organizationId, id, leaseSeconds]
  const [row] = await prepared<Claim & pg.QueryResultRow>(pool, claimStatement, values)
  return row
}

const nextStatement = {
  name: 'next-webhook-lane',
  text: `
    select greatest(0, extract(epoch from greatest(w.paused_until, l.next_at) - now()))::float8
      as "dueIn"
    from webhooks w, lateral (
      select next_at from webhook_lanes
      where organization_id = $1 and webhook_id = $2 order by next_at limit 1
    ) l
    where w.organization_id = $1 and w.id = $2 and w.active`,
}

/** Seconds until anything is due; undefined where nothing waits, or nothing may be sent. */
export async function findNextDue(
  { pool }: Queries,
  { organizationId, id }: WebhookKey,
): Promise<number | undefined> {
  const [row] = await prepared<{ dueIn: number }>(pool, nextStatement, [organizationId, id])
  return row?.dueIn
}
