import type { Context } from '../context.ts'
import { createToken, readToken } from '../vault/token.ts'
import { findPending } from './store.ts'

/** How the state of a consent begins that is not the caller's own. */
const prefix = 'lks_'

export function createState(organizationId: number): string {
  return createToken('state', organizationId)
}

/** Whether a caller's own state could be taken for one of ours. */
export function looksLikeOurs(state: string): boolean {
  return state.startsWith(prefix)
}

/** A consent under way, as far as its state alone tells of it. */
export interface PendingState {
  organizationId: number
  id: number
  userId: number
  elementId: number
  authenticationType: string
  callbackUrl: string
  instanceId: number | null
  /** Null where the caller takes the redirect. */
  connectSessionId: number | null
  /** Whether it was begun in the browser that holds this secret. */
  isOf(browser: string): boolean
}

/**
 * The consent that a state of ours belongs to, which is left as it is; undefined for one that is
 * forged, spent or expired.
 */
export async function findByState(
  { db, vault }: Pick<Context, 'db' | 'vault'>,
  state: string,
): Promise<PendingState | undefined> {
  const organizationId = readToken('state', state)
  if (organizationId === undefined) return undefined
  const look = () => findPending(db, { organizationId, stateHashes: vault.hashes(state) })
  const found = (await look()) ?? ((await vault.refreshPeppers()) ? await look() : undefined)
  if (!found) return undefined
  const { browserHash, ...rest } = found
  return {
    ...rest,
    isOf: (browser) =>
      browserHash !== null && vault.hashes(browser).some((hash) => hash.equals(browserHash)),
  }
}
