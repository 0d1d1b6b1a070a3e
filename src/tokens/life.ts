import type { StoredConnection } from '../instances/connection.ts'
import { marginOf } from '../instances/token-life.ts'
import { accessFor, type Needs, waysFor } from './renew.ts'
import { readLife, type TokensKey } from './store.ts'

/** Where a refresh is due and somebody is at it, or it failed, one looks again after so long. */
const recheckMs = 5_000

export interface Access {
  connection: StoredConnection
  /** So long from now it serves without a look at its tokens: somebody may have refreshed them. */
  goodForMs: number
  /** So long from now it serves at all. */
  endsInMs: number
}

/** As `accessFor`, to be used for a while. */
export async function accessForLong(
  context: Needs,
  key: TokensKey,
  seen?: number,
  deadline?: number,
): Promise<Access> {
  const connection = await accessFor(context, key, seen, deadline)
  const { tokens } = connection
  const forEver = Number.POSITIVE_INFINITY
  if (!tokens) return { connection, goodForMs: forEver, endsInMs: forEver }
  const asked = performance.now()
  const life = await readLife(context.db, key)
  // Replaced just now: good for this once.
  if (life?.version !== tokens.version) return { connection, goodForMs: 0, endsInMs: recheckMs }
  const { endsIn, lifeSeconds } = life
  if (endsIn === null) return { connection, goodForMs: forEver, endsInMs: forEver }
  const endsInMs = endsIn * 1000 - (performance.now() - asked)
  if (waysFor({ tokens, credentials: connection.credentials }).length === 0) {
    return { connection, goodForMs: endsInMs, endsInMs }
  }
  // The background begins at twice the margin, and tells nobody when it is done.
  const ahead = 2 * marginOf(lifeSeconds ?? 0) * 1000
  const rest = Math.min(recheckMs, ahead / 2)
  return { connection, goodForMs: Math.min(endsInMs, Math.max(rest, endsInMs - ahead)), endsInMs }
}
