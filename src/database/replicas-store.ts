import { prepared } from './database.ts'
import type { Queries } from './in-turn.ts'
import { leaseMs } from './lease.ts'

const beatStatement = {
  name: 'beat',
  text: `
    with expired as (
      delete from replicas
      where id in (
        select id from replicas where beat_at < now() - interval '10 minutes' for update skip locked)
    )
    insert into replicas (id) values ($1) on conflict (id) do update set beat_at = now()`,
}

/** Says that a process lives, and removes those that have not said so for long. */
export async function beat(queries: Queries, id: string): Promise<void> {
  await prepared(queries, beatStatement, [id])
}

const removeStatement = { name: 'remove-replica', text: 'delete from replicas where id = $1' }

export async function removeReplica(queries: Queries, id: string): Promise<void> {
  await prepared(queries, removeStatement, [id])
}

export interface LiveReplica {
  id: string
  /** Of its last sign of life; another one has another text. */
  beatAt: string
}

const askStatement = {
  name: 'ask-replicas',
  text: `
    with asked as (select pg_notify($1, $2) as nothing)
    select id::text, beat_at::text as "beatAt" from asked
    left join replicas on beat_at > now() - make_interval(secs => $3)`,
}

/** Notifies, and answers who may use what it remembers. */
export async function askReplicas(
  queries: Queries,
  channel: string,
  payload: string,
): Promise<LiveReplica[]> {
  const values = [channel, payload, leaseMs / 1000]
  const rows = await prepared<Partial<LiveReplica>>(queries, askStatement, values)
  return rows.filter((row): row is LiveReplica => Boolean(row.id))
}

const notifyStatement = { name: 'notify', text: 'select pg_notify($1, $2)' }

export async function notify(queries: Queries, channel: string, payload: string): Promise<void> {
  await prepared(queries, notifyStatement, [channel, payload])
}
