import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { renewalsOf } from '../authentication/renewal.ts'
import { logIn } from '../authentication/send.ts'
import type { Session } from '../authentication/sessions.ts'
import { tokenLogin } from '../authentication/token-login.ts'
import type { Context } from '../context.ts'
import { clientTransaction } from '../database/database.ts'
import { Refusal } from '../http/errors.ts'
import { openInstance, type StoredConnection } from '../instances/connection.ts'
import { marginOf, sendRefresh } from '../instances/token-life.ts'
import { keepTokens } from './keep.ts'
import { setTokensBack } from './outcome-store.ts'
import { explainFailure, type FailedRefresh, mustReconnect, refuseFor } from './setback.ts'
import { claimLease, type Lease, type Life, readLife, type TokensKey } from './store.ts'

/** How long one may wait for tokens who says nothing else. */
const patienceMs = 20_000
/** What a refresh may take besides its request. */
const leaseReserveMs = 5_000
/** Where it is too late to be ahead of a caller, the background takes so many times as long. */
const unhurried = 6
const shortestPauseMs = 100
const longestPauseMs = 500

export type Needs = Pick<
  Context,
  | 'db'
  | 'jobs'
  | 'vault'
  | 'elements'
  | 'egress'
  | 'renewals'
  | 'log'
  | 'metrics'
  | 'probeDeadlineMs'
>

/**
 * The instance with tokens that may be used now. They are refreshed where they are about to end, or
 * where `seen`, the version that the vendor has just refused, is still the newest; however many ask
 * at once, in however many processes, the vendor is asked once (RFC 6749, section 6).
 * @param deadline by `performance.now()`
 * @throws {Refusal} `reconnect-required` where only a person can help; otherwise what keeps the
 *   tokens from being refreshed, once the old ones have ended
 */
export async function accessFor(
  context: Needs,
  key: TokensKey,
  seen?: number,
  deadline = performance.now() + patienceMs,
): Promise<StoredConnection> {
  const { organizationId, instanceId } = key
  let refusal: Refusal | undefined
  let first: number | undefined
  for (;;) {
    const connection = await openInstance(context, { organizationId, id: instanceId })
    const { tokens } = connection
    const life = tokens && (await readLife(context.db, key))
    if (!tokens || !life) return connection
    first ??= life.version
    const state = judgeLife(connection, life, seen, first)
    if (state === 'good') return connection
    if (state === 'blocked') throw refusal ?? refuseFor(connection, life.problem!, life.retryIn)
    if (performance.now() >= deadline) throw tooLate(connection)
    if (state === 'outdated') {
      await delay(shortestPauseMs)
      continue
    }
    const renewing = context.renewals.share(nameOf(key), () =>
      renew(context, connection, life, deadline),
    )
    refusal = await before(deadline, renewing, () => tooLate(connection))
  }
}

/** How its refreshes are known in this process. */
export function nameOf({ organizationId, instanceId }: TokensKey): string {
  return `${organizationId}/${instanceId}`
}

/**
 * Whether tokens may be used, must be refreshed, or can be neither; `outdated` where they were
 * replaced while we looked.
 */
function judgeLife(
  { tokens, credentials }: StoredConnection,
  life: Life,
  seen: number | undefined,
  first: number,
): 'good' | 'due' | 'blocked' | 'outdated' {
  const { version, endsIn, lifeSeconds, leased, retryIn, problem } = life
  if (problem === 'reconnect-required') return 'blocked'
  if (tokens!.version !== version) return 'outdated'
  // What was granted while one waits is used, however short it lives: nothing better comes of asking.
  if (version > first) return 'good'
  const mayRenew = waysFor({ tokens, credentials }).length > 0
  const isRefused = mayRenew && seen !== undefined && version <= seen
  const left = endsIn ?? Number.POSITIVE_INFINITY
  const isUsable = !isRefused && left > 0
  const isDue = left <= marginOf(lifeSeconds ?? 0)
  // Whoever can do without waits for nobody.
  if (isUsable && (!isDue || leased || retryIn > 0 || !mayRenew)) return 'good'
  return retryIn > 0 && problem !== null ? 'blocked' : 'due'
}

/** How new tokens can be had without a person. */
export function waysFor({ tokens, credentials }: Pick<StoredConnection, 'tokens' | 'credentials'>) {
  return renewalsOf(credentials.authentication, tokens!.refreshToken !== null)
}

/** Refreshes, or waits until somebody else has. Answers why the vendor granted none. */
async function renew(
  context: Needs,
  connection: StoredConnection,
  { version }: Life,
  deadline: number,
): Promise<Refusal | undefined> {
  const { organizationId, id: instanceId } = connection.record
  const lease = { organizationId, instanceId, version, holder: randomUUID() }
  const leaseSeconds = (context.probeDeadlineMs + leaseReserveMs) / 1000
  for (let pause = shortestPauseMs; performance.now() < deadline; pause = longer(pause)) {
    const claimed = await claimLease(context.db, lease, leaseSeconds)
    if (claimed) return refresh(context, connection, lease, claimed.interrupted)
    await delay(pause)
    const life = await readLife(context.db, lease)
    if (!life || life.version !== version || (life.retryIn > 0 && !life.leased)) return undefined
    if (life.problem === 'reconnect-required') return undefined
  }
  return undefined
}

function longer(pause: number): number {
  return Math.min(longestPauseMs, pause * 1.5)
}

/** As the holder of the lease: asks the vendor, and stores what comes of it. */
async function refresh(
  context: Needs,
  connection: StoredConnection,
  lease: Lease,
  interrupted: boolean,
): Promise<Refusal | undefined> {
  const { organizationId, instanceId, version } = lease
  const about = { organizationId, instanceId, elementKey: connection.element.key, version }
  const outcome = await obtain(context, connection, interrupted)
  context.metrics.refreshed('values' in outcome ? 'refreshed' : outcome.problem)
  if ('values' in outcome) {
    const isKept = await keepTokens(context, connection, lease, outcome)
    context.log.info(about, isKept ? 'tokens refreshed' : 'tokens refreshed, and no longer wanted')
    return undefined
  }
  const { problem, reason, refusal } = outcome
  const noted = await clientTransaction(context.db, async (client) => {
    const noted = await setTokensBack(client, lease, outcome)
    if (noted && problem !== 'reconnect-required') {
      const startAfter = noted.retryIn * (noted.ended ? unhurried : 1)
      await sendRefresh(context.jobs, client, { organizationId, instanceId, version }, startAfter)
    }
    return noted
  })
  context.log.warn({ ...about, problem, reason, ...noted }, 'tokens not refreshed')
  return refusal
}

/** New tokens by the first way that yields some. Never rejects for what the vendor does. */
async function obtain(
  context: Needs,
  connection: StoredConnection,
  interrupted: boolean,
): Promise<Session | FailedRefresh> {
  const { element, credentials } = connection
  const deadline = performance.now() + context.probeDeadlineMs
  let failed: FailedRefresh | undefined
  for (const way of waysFor(connection)) {
    try {
      const through = { ...credentials, place: element }
      return await logIn(context.egress, through, tokenLogin(way), { deadline })
    } catch (error) {
      failed = explainFailure(connection, way, error, interrupted)
      if (failed.problem !== 'reconnect-required') return failed
    }
  }
  return (
    failed ??
    mustReconnect(
      `The access token for ${element.name} has ended, and there is no refresh token to replace it with. Connect the instance anew; its id and token stay.`,
    )
  )
}

function tooLate({ element }: StoredConnection): Refusal {
  return new Refusal('vendor-late', {
    message: `The tokens for ${element.name} are being refreshed, and that takes longer than you may wait. Try again.`,
    retryAfter: 1,
  })
}

/** What a promise becomes, in time. */
async function before<Result>(
  deadline: number,
  promise: Promise<Result>,
  refuse: () => Refusal,
): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(refuse()), Math.max(0, deadline - performance.now()))
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
