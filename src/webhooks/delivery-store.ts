import { sql } from 'kysely'
import type { Db } from '../database/database.ts'
import type { EventData } from './event.ts'
import type { WebhookKey } from './store.ts'

type Queries = Pick<Db, 'kysely'>

export type DeliveryState = 'waiting' | 'delivered' | 'dead'

/** A delivery as it is stored, with every attempt at it. */
export interface DeliveryRecord {
  id: number
  instanceId: number
  type: string
  data: EventData
  state: DeliveryState
  createdAt: Date
  finishedAt: Date | null
  attempts: AttemptRecord[]
}

export interface AttemptRecord {
  number: number
  at: string
  status: number | null
  durationMs: number
  failureKind: string | null
  failureMessage: string | null
  answer: string | null
}

const attemptsOf = sql<AttemptRecord[]>`coalesce((
  select json_agg(a order by a.number) from (
    select number, at, status, duration_ms as "durationMs", failure_kind as "failureKind",
      failure_message as "failureMessage", answer
    from webhook_attempts
    where organization_id = webhook_deliveries.organization_id
      and webhook_id = webhook_deliveries.webhook_id and delivery_id = webhook_deliveries.id
  ) a), '[]')`

function deliveriesOf(db: Queries, { organizationId, id }: WebhookKey) {
  return db.kysely
    .selectFrom('webhookDeliveries')
    .select(['id', 'instanceId', 'type', 'state', 'createdAt', 'finishedAt'])
    .select(sql<EventData>`data`.as('data'))
    .select(attemptsOf.as('attempts'))
    .where('organizationId', '=', organizationId)
    .where('webhookId', '=', id)
}

/** In the order in which they happened. */
export function listDeliveries(
  db: Queries,
  key: WebhookKey,
  asked: {
    state?: DeliveryState | undefined
    instanceId?: number | undefined
    after: number
    limit: number
  },
): Promise<DeliveryRecord[]> {
  const { state, instanceId, after, limit } = asked
  let query = deliveriesOf(db, key).where('id', '>', after)
  if (state !== undefined) query = query.where('state', '=', state)
  if (instanceId !== undefined) query = query.where('instanceId', '=', instanceId)
  return query.orderBy('id').limit(limit).execute()
}

export function findDelivery(
  db: Queries,
  key: WebhookKey,
  deliveryId: number,
): Promise<DeliveryRecord | undefined> {
  return deliveriesOf(db, key).where('id', '=', deliveryId).executeTakeFirst()
}

interface Place {
  id: number
  instanceId: number
}

/** The oldest of the dead ones. */
export function listDead(db: Queries, key: WebhookKey, limit: number): Promise<Place[]> {
  return db.kysely
    .selectFrom('webhookDeliveries')
    .select(['id', 'instanceId'])
    .where('organizationId', '=', key.organizationId)
    .where('webhookId', '=', key.id)
    .where('state', '=', 'dead')
    .orderBy('id')
    .limit(limit)
    .execute()
}

/**
 * Lets deliveries wait anew, each in its turn among those about its instance, with every try before
 * it again. Locks lanes before deliveries, as whoever delivers does.
 */
export async function queueAgain(db: Queries, { organizationId, id }: WebhookKey, again: Place[]) {
  const instanceIds = [...new Set(again.map(({ instanceId }) => instanceId))].sort((a, b) => a - b)
  await sql`
    insert into webhook_lanes (organization_id, webhook_id, instance_id, next_at)
    select ${organizationId}, ${id}, instance_id, now()
    from unnest(${instanceIds}::bigint[]) given (instance_id)
    on conflict (organization_id, webhook_id, instance_id) do update set next_at = now()
  `.execute(db.kysely)
  await sql`
    update webhook_deliveries set state = 'waiting', tries = 0, queued_at = now(), finished_at = null
    where organization_id = ${organizationId} and webhook_id = ${id}
      and id = any(${again.map((one) => one.id)}::bigint[])
  `.execute(db.kysely)
}
