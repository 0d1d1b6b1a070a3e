import type { Db } from '../database/database.ts'
import type { Vault } from '../vault/vault.ts'
import { findToken, identifyThrough } from './instance-token.ts'
import { findCaller, type Principal } from './store.ts'

/** Who calls through which instance, as the database says right now. */
export interface ConnectionCaller {
  principal: Principal
  instanceId: number
  /** Of the instance's token. */
  hash: Buffer
  /** Whether nobody has noted the token's use for a minute. */
  unnoted: boolean
  /** For so long all of this stays true, unless somebody changes it. */
  endsInMs: number
}

/**
 * Finds out who calls through which instance, whatever is remembered of callers.
 * @throws {Refusal} 401, saying which part of the header is the matter and no more
 */
export async function readConnectionCaller(
  { db, vault }: { db: Db; vault: Vault },
  authorization: string | undefined,
): Promise<ConnectionCaller> {
  let callerEndsInMs: number | undefined
  const callers = {
    recall: () => undefined,
    find: async (asked: Parameters<typeof findCaller>[1]) => {
      const found = await findCaller(db, asked)
      callerEndsInMs = found.endsInMs
      return found
    },
  }
  const asked = performance.now()
  const principal = await identifyThrough({ callers, vault }, authorization)
  const {
    id: instanceId,
    hash,
    unnoted,
    endsInMs,
  } = await findToken({ db, vault }, principal, authorization)
  const ends = [callerEndsInMs, endsInMs].map((end) => end ?? Number.POSITIVE_INFINITY)
  const left = Math.min(...ends) - (performance.now() - asked)
  return { principal, instanceId, hash, unnoted, endsInMs: left }
}
