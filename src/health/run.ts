import type { Principal } from '../access/store.ts'
import { insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { transaction } from '../database/database.ts'
import { getElement } from '../elements/find.ts'
import { Refusal } from '../http/errors.ts'
import { stripMarkup } from '../instances/markup.ts'
import { verifyInstance } from '../instances/verify-stored.ts'
import { accessFor } from '../tokens/renew.ts'
import { verdictOf } from './conclude.ts'
import type { VerificationRequest, VerificationResult } from './run-schema.ts'
import {
  countRunning,
  finishRun,
  insertResult,
  insertRun,
  interruptRun,
  keepAlive,
  listRunIds,
} from './run-store.ts'

const maxInstances = 10_000
const maxRunning = 2
const atOnce = 8
const aliveEveryMs = 10_000
const ownCodes = ['instance-not-found', 'instance-busy', 'probes-busy', 'internal']

export interface RunAsked {
  principal: Principal
  requestId: string
  address: string
  body: VerificationRequest
}

/** Who hears how it goes on; of each instance when it is done. */
export interface RunListener {
  result(result: VerificationResult): void
  /** `complete`: all were tried. */
  end(complete: boolean): void
}

/**
 * Begins to try many instances of a user, each as `verifyInstance` does: it goes on whoever listens.
 * @throws {Refusal} `verification-too-large`, `verifications-too-many`, `body-invalid`,
 *   `element-not-found`
 */
export async function startRun(
  context: Context,
  asked: RunAsked,
  listener: RunListener,
): Promise<{ id: number; count: number }> {
  const { principal, requestId, address, body } = asked
  const { organizationId, user } = principal
  const ids = await findIds(context, principal, body)
  const count = ids.length
  const id = await transaction(context.db, async (tx) => {
    const owner = { organizationId, userId: user.id }
    if ((await countRunning(tx, owner)) >= maxRunning) throw tooMany()
    const id = await insertRun(tx, { ...owner, count })
    const deed = { ...owner, requestId, address }
    const detail = { verificationId: id, instances: count }
    await insertAuditEntry(tx, deed, 'instances.verification-started', { detail })
    return id
  })
  context.verifications.run(execute(context, asked, id, ids, listener))
  return { id, count }
}

async function findIds(
  { db, elements }: Pick<Context, 'db' | 'elements'>,
  { organizationId, user }: Principal,
  { ids, tags, element, all }: VerificationRequest,
): Promise<number[]> {
  const ways = [ids, tags ?? element, all].filter((way) => way !== undefined)
  if (ways.length !== 1) throw unclear()
  if (ids) return [...new Set(ids)]
  const of = element === undefined ? undefined : await getElement(elements, organizationId, element)
  const filters = {
    organizationId,
    userId: user.id,
    tags: [...new Set(tags?.map(stripMarkup))],
    elementIds: of && [of.id],
  }
  const found = await listRunIds(db, filters, maxInstances + 1)
  if (found.length > maxInstances) throw tooLarge()
  return found
}

async function execute(
  context: Context,
  asked: RunAsked,
  id: number,
  ids: number[],
  listener: RunListener,
): Promise<void> {
  const { organizationId } = asked.principal
  const { db, log, verifications } = context
  const key = { organizationId, id }
  const alive = setInterval(() => void keepAlive(db, key).catch(() => undefined), aliveEveryMs)
  const left = ids.values()
  let complete = false
  let broken = false
  try {
    const workers = Array.from({ length: atOnce }, async () => {
      for (const instanceId of left) {
        if (broken || verifications.signal.aborted) return
        const result = await tryOne(context, asked, instanceId)
        await insertResult(db, key, result)
        listener.result(result)
      }
    })
    await Promise.all(workers)
    if (verifications.signal.aborted) await interruptRun(db, key)
    else await finishRun(db, key)
    complete = !verifications.signal.aborted
  } catch (err) {
    broken = true
    log.warn({ err, organizationId, verificationId: id }, 'a verification was interrupted')
  } finally {
    clearInterval(alive)
    listener.end(complete)
  }
}

async function tryOne(
  context: Context,
  { principal, requestId, address }: RunAsked,
  id: number,
): Promise<VerificationResult> {
  const own = { ...context, admission: context.verifications.admission }
  const request = { principal, requestId, address, id, access: accessFor }
  const at = () => new Date().toISOString()
  try {
    const { instance } = await verifyInstance(own, {
      ...request,
      keyInPath: undefined,
      ifMatch: undefined,
    })
    const verdict = instance.state === 'unverified' ? 'unverified' : 'verified'
    return { id, verdict, code: null, message: null, state: instance.state, at: at() }
  } catch (error) {
    const refusal = error instanceof Refusal ? error : undefined
    if (!refusal) context.log.warn({ err: error, instanceId: id }, 'an instance was not verified')
    const code = refusal?.code ?? 'internal'
    const message = refusal?.message ?? 'Something went wrong on our side. Try it again.'
    const verdict = !refusal || ownCodes.includes(code) ? null : verdictOf(refusal)
    return { id, verdict, code, message, state: null, at: at() }
  }
}

function unclear(): Refusal {
  const reason = 'has to name which: "ids", or "tags" and "element", or "all"'
  return new Refusal('body-invalid', {
    message: `The body ${reason}. Send one of these ways.`,
    invalid: [{ key: 'ids', reason }],
  })
}

function tooLarge(): Refusal {
  return new Refusal(
    'verification-too-large',
    `These are more than ${maxInstances} instances. Name fewer at a time, by tags or by ids.`,
  )
}

function tooMany(): Refusal {
  return new Refusal('verifications-too-many', {
    message: `${maxRunning} verifications of yours are under way. Wait until one is finished.`,
    retryAfter: 30,
  })
}
