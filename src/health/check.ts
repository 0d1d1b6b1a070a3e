import type { Context } from '../context.ts'
import type { Element } from '../definition/element.ts'
import { Refusal } from '../http/errors.ts'
import { openRow, readStored, type StoredConnection } from '../instances/connection.ts'
import type { StoredRow } from '../instances/connection-store.ts'
import { conclude as concludeProof } from '../instances/verify.ts'
import { tryStored } from '../instances/verify-stored.ts'
import { stepsFor } from '../probe/request.ts'
import { accessFor } from '../tokens/renew.ts'
import { conclude, type Healthy, intervalOf, isDue, type Tried, verdictOf } from './conclude.ts'
import { findExpiry } from './expiry.ts'
import { leaveAlone, storeConclusion } from './store.ts'

const lookedAfter: readonly string[] = ['verified', 'unverified', 'expiring']
/** Verdicts that are about a host, and seconds for which nothing more is asked there. */
const troubles: readonly string[] = ['unreachable', 'late', 'throttled']
const restSeconds = 60
const longestRestSeconds = 900

/** Looks after one instance: asks its vendor where it is time to, and notes what it finds. */
export async function checkInstance(
  context: Context,
  { organizationId, id, refusals }: { organizationId: number; id: number; refusals: number },
): Promise<void> {
  const row = await readStored(context, { organizationId, id })
  if (!row) return
  if (row.disabled || !lookedAfter.includes(row.state)) return leaveAlone(context.db, row)
  const element = await context.elements.versionOf(
    organizationId,
    row.elementId,
    row.elementVersion,
  )
  const seen = { ...row, refusals }
  const now = new Date()
  try {
    const connection = await openRow(context, row)
    const expiry = await findExpiry(context, connection, now)
    const tried = await tryWhereDue(context, row, element, now)
    const found = { expiry, healthy: healthyOf(connection, row), now }
    await storeConclusion(context.db, row, conclude(seen, element, tried, found))
  } catch (refusal) {
    // What is stored no longer fits what it is to be sent to: a person has to look.
    if (!(refusal instanceof Refusal)) throw refusal
    const { state, stateReason } = row
    const found = { expiry: unknown, healthy: { state, stateReason }, now }
    await storeConclusion(context.db, row, conclude(seen, element, refusal, found))
  }
}

const unknown = { reason: null, next: undefined }

async function tryWhereDue(
  context: Context,
  row: StoredRow,
  element: Element,
  now: Date,
): Promise<Tried> {
  if (!isDue(row, intervalOf(element), now)) return 'untried'
  try {
    const asked = await tryStored({ ...context, admission: context.checks }, accessFor, row)
    return asked ? 'accepted' : 'untried'
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    restAfter(context, error)
    return error
  }
}

/** A host that cannot answer is not asked by all other instances, too. */
function restAfter({ checks }: Pick<Context, 'checks'>, refusal: Refusal) {
  if (!troubles.includes(verdictOf(refusal))) return
  const { probe, retryAfter = 0 } = refusal.details
  const { url = '' } = (probe as { request?: { url?: string } } | undefined)?.request ?? {}
  const host = URL.parse(url)?.hostname
  if (host) checks.rest(host, Math.min(Math.max(restSeconds, retryAfter), longestRestSeconds))
}

/** What it is while nothing is the matter. */
function healthyOf({ element, credentials }: StoredConnection, row: StoredRow): Healthy {
  const hasProbe = stepsFor(element, credentials.authentication).length > 0
  if (hasProbe && row.verifiedAt) return { state: 'verified', stateReason: null }
  const { stateReason } = concludeProof(element, undefined)
  return { state: 'unverified', stateReason }
}
