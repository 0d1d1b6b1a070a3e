import { createHash, randomUUID } from 'node:crypto'
import type { Principal } from '../access/store.ts'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { answerPlace } from '../vault/shelves.ts'
import { caller } from '../vault/vault.ts'
import {
  type Claim,
  type ClaimKey,
  claimKey,
  findClaim,
  releaseClaim,
  sweepClaims,
} from './idempotency-store.ts'
import type { HeldClaim } from './provision.ts'
import type { Instance } from './schema.ts'

const graceSeconds = 5
const keptSeconds = 24 * 3600
/** One claim in sixteen sweeps up to so many that have expired. */
const maxSwept = 64

/**
 * Answers the same to the same key: `work` runs once, its answer commits together with what it
 * stores and is kept for 24 hours; a refusal is not kept, so that a retry may succeed.
 * @throws {Refusal} 409 while another request with the key is under way, 422 for another body
 */
export async function once(
  context: Pick<Context, 'db' | 'vault' | 'probeDeadlineMs'>,
  request: { principal: Principal; route: string; key: string; body: unknown },
  serialize: (instance: Instance) => string,
  work: (claim: HeldClaim) => Promise<Instance>,
): Promise<string> {
  const { db, vault } = context
  const { principal, route } = request
  const key = {
    organizationId: principal.organizationId,
    userId: principal.user.id,
    route,
    key: readKey(request.key),
  }
  const leaseSeconds = Math.ceil(context.probeDeadlineMs / 1000) + graceSeconds
  const body = createHash('sha256').update(JSON.stringify(request.body)).digest('hex')
  const claim = { ...key, holder: randomUUID(), ...fingerprintOf(vault, body), leaseSeconds }
  const claimedAt = await claimKey(db, claim)
  if (!claimedAt) {
    const held = await findClaim(db, key)
    if (!held) throw underWay(1)
    return answerHeld(context, key, held, body)
  }

  const started = performance.now()
  // By chance, and so in proportion to what each organization leaves behind.
  if (claim.holder.startsWith('0')) await sweepClaims(db, { ...key, limit: maxSwept })
  let answer = ''
  try {
    const seal = await vault.sealerOf(key.organizationId)
    await work({
      now: () => new Date(claimedAt.getTime() + Math.round(performance.now() - started)),
      keep: (instance, at) => {
        answer = serialize(instance)
        const sealed = seal(answerPlace(key.organizationId, key), answer)
        return { ...claim, ...sealed, keptSeconds, at }
      },
      lost: () => underWay(leaseSeconds),
    })
    return answer
  } catch (error) {
    // Anything else may have been a lost acknowledgement: the lease decides.
    const known = error instanceof Refusal && error.code !== 'outcome-unknown'
    if (known) await releaseClaim(db, claim)
    throw error
  }
}

async function answerHeld(
  { vault }: Pick<Context, 'vault'>,
  key: ClaimKey,
  held: Claim,
  body: string,
): Promise<string> {
  const known = () => vault.hashUnder(held.pepperId, fingerprintText(body))
  const own = known() ?? ((await vault.refreshPeppers()) ? known() : undefined)
  if (!own?.equals(held.fingerprint)) {
    throw new Refusal(
      'idempotency-key-reused',
      'This Idempotency-Key was used with another body. Use a new key for a new request.',
    )
  }
  if (!held.sealed) throw underWay(held.remainingSeconds)
  return vault.open(answerPlace(key.organizationId, key), held.sealed, caller)
}

/** Bodies hold low-entropy secrets, hence under the pepper. */
function fingerprintOf(vault: Context['vault'], body: string) {
  const { hash: fingerprint, pepperId } = vault.hash(fingerprintText(body))
  return { fingerprint, pepperId }
}

/** Never the text of a token, whose hashes stand under the same pepper. */
function fingerprintText(body: string): string {
  return `idempotency ${body}`
}

function readKey(key: string): string {
  if (/^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(key)) return key
  throw new Refusal(
    'idempotency-key-invalid',
    'An Idempotency-Key has 1 to 255 printable ASCII characters, such as a UUID.',
  )
}

function underWay(seconds: number): Refusal {
  return new Refusal('request-in-progress', {
    message: 'A request with this Idempotency-Key is still under way. Ask again with the same key.',
    retryAfter: Math.max(1, Math.ceil(seconds)),
  })
}
