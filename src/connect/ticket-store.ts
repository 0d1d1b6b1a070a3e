import { type Db, prepared } from '../database/database.ts'
import type { Sealed } from '../vault/vault.ts'
import { presetEntry, ticketEntry } from './session.ts'
import type { SessionKey } from './store.ts'

type Queries = Pick<Db, 'pool'>

interface SealedSecret {
  origins: string[]
  sealed: string
}

const keepStatement = {
  name: 'keep-connect-ticket',
  text: `
    with session as (
      update connect_sessions
      set ticket_hash = $3, ticket_until = now() + make_interval(secs => $4)
      where organization_id = $1 and id = $2 and status = 'opened' and expires_at > now()
      returning id
    )
    insert into secrets (organization_id, owner, entry, secret_version, origins, data_key_id, sealed)
    select $1, 'connect-session/' || session.id, '${ticketEntry}', 1, $5, $6, $7 from session
    on conflict (organization_id, owner, entry, secret_version)
      do update set origins = excluded.origins, data_key_id = excluded.data_key_id,
        sealed = excluded.sealed
    returning owner`,
}

/** In the place of the one before; whether the session is still open. */
export async function keepTicket(
  { pool }: Queries,
  { organizationId, id }: SessionKey,
  ticket: Sealed & { hash: Buffer; seconds: number; origins: readonly string[] },
): Promise<boolean> {
  const { hash, seconds, origins, dataKeyId, sealed } = ticket
  const values = [organizationId, id, hash, seconds, origins, dataKeyId, sealed]
  return (await prepared(pool, keepStatement, values)).length > 0
}

const takeStatement = {
  name: 'take-connect-ticket',
  text: `
    with session as (
      update connect_sessions set ticket_hash = null
      where organization_id = $1 and id = $2 and ticket_hash = any($3::bytea[])
        and ticket_until > now() and status = 'opened' and expires_at > now()
      returning id
    )
    delete from secrets using session
    where organization_id = $1 and owner = 'connect-session/' || session.id
      and entry = '${ticketEntry}'
    returning origins, sealed`,
}

/** What the ticket leads to, once. */
export async function takeTicket(
  { pool }: Queries,
  { organizationId, id }: SessionKey,
  hashes: Buffer[],
): Promise<SealedSecret | undefined> {
  const values = [organizationId, id, hashes]
  const [row] = await prepared<{ origins: string[]; sealed: string }>(pool, takeStatement, values)
  return row
}

const presetStatement = {
  name: 'find-connect-preset',
  text: `select origins, sealed from secrets
    where organization_id = $1 and owner = 'connect-session/' || $2::bigint
      and entry = '${presetEntry}'`,
}

/** What the client app set beforehand; undefined where it set nothing. */
export async function findPreset(
  { pool }: Queries,
  { organizationId, id }: SessionKey,
): Promise<SealedSecret | undefined> {
  const values = [organizationId, id]
  const [row] = await prepared<{ origins: string[]; sealed: string }>(pool, presetStatement, values)
  return row
}
