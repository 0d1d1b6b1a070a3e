import type { Context } from '../context.ts'
import { EgressFailure } from '../egress/failure.ts'
import { call } from '../gateway/call.ts'
import type { Opened } from '../gateway/callable.ts'
import { saysThrottled } from '../gateway/markers.ts'
import { openForCalls } from '../gateway/open.ts'
import { isIdempotent } from '../gateway/retry.ts'
import { Refusal } from '../http/errors.ts'
import { instanceNotFound } from '../instances/find.ts'
import { findRetryAfter } from '../probe/judge.ts'
import { maxKept, readAnswer } from './answer.ts'
import { openRequest } from './content.ts'
import { type End, endAfter } from './end.ts'
import { holdCall } from './hold.ts'
import { plan, type SendJob } from './job.ts'
import { type Claimed, claimNext, extendLeases, findNextLook, mostDays } from './lane-store.ts'
import { openRoom, type Room } from './room.ts'
import { settleInTime } from './settle.ts'
import { mayStillCall, type StoredCall } from './store.ts'

/** A sender that has not been heard of for so long has died. */
const leaseSeconds = 60
/** Of one instance. */
const mostAtOnce = 8
/** For so long new ones are begun; then it is the turn of other instances. */
const beginningMs = 15_000
/** For its turn among all calls of the budget: one that is used up is left alone again soon. */
const waitMs = 2_000
/** Where others are let through all the time, it takes its place among them, as they do. */
const patienceMs = 30_000
/** Where the vendor does not say. */
const throttledSeconds = 10

/**
 * Sends what waits for an instance, in the order in which it came, as far as its limits let it
 * through now, and plans when to go on.
 * @param stopping ends also what is on its way: with the process, or alone where it took too long
 * @param ending has nothing more begin, and nothing wait for its turn
 */
export async function sendWaiting(
  context: Context,
  job: SendJob,
  stopping: AbortSignal,
  ending: AbortSignal = stopping,
) {
  const { db, jobs } = context
  const held = new Map<number, StoredCall>()
  const renewal = setInterval(() => {
    extendLeases(db, [...held.values()], leaseSeconds).catch((err) => {
      context.log.warn({ err }, 'the leases of calls could not be extended')
    })
  }, leaseSeconds * 333)
  try {
    const until = AbortSignal.any([stopping, ending, AbortSignal.timeout(beginningMs)])
    const holdUp = new AbortController()
    const begin = AbortSignal.any([until, holdUp.signal])
    const lines: Promise<void>[] = []
    const line = async (): Promise<void> => {
      while (!begin.aborted) {
        // All that are there by now, for what they send counts as well.
        const claimed = await claimNext(db, job, { leaseSeconds, atOnce: lines.length })
        if (!claimed) break
        held.set(claimed.id, claimed)
        using room = openRoom(context.bodyRoom, claimed.organizationId)
        try {
          const end = await send(context, claimed, room, { stopping, ending })
          // Those behind it wait as well, for what holds it up holds them up.
          if (end.kind === 'later') holdUp.abort()
          // Only where one gets through there is something to do for others beside it.
          else if (lines.length < mostAtOnce) addLine()
          await settleInTime(context, claimed, end, stopping)
        } finally {
          held.delete(claimed.id)
        }
      }
    }
    const failures: unknown[] = []
    const addLine = () => {
      // Others go on where one fails, and none is left alone.
      const added = Promise.resolve().then(line)
      lines.push(added.catch((error) => void failures.push(error)))
    }
    addLine()
    for (const one of lines) await one
    if (failures.length > 0) throw failures[0]
  } finally {
    clearInterval(renewal)
  }
  const lookIn = await findNextLook(db, job)
  if (lookIn !== undefined) await plan(jobs, db.pool, job, Math.ceil(lookIn))
}

/** What has become of it. */
async function send(
  context: Context,
  claimed: Claimed,
  room: Room,
  ends: { stopping: AbortSignal; ending: AbortSignal },
): Promise<End> {
  if (claimed.isTooOld) return tooOld
  let isSafe = false
  using hold = holdCall(context, claimed, ends)
  try {
    room.take(claimed.size)
    const { opened, request, retries } = await open(context, claimed)
    isSafe = isIdempotent(request, opened.connection.element)
    let hasRoom = false
    const place = {
      retries,
      signal: hold.signal,
      told: {},
      async beforeSending() {
        // What the vendor has answered is kept: no room for it then would be too late.
        if (!hasRoom) room.take(maxKept)
        hasRoom = true
        await hold.beforeSending()
      },
    }
    const called = await call(context, opened, request, { ...place, waitMs }).catch((error) => {
      if (!comesSoon(error)) throw error
      return call(context, opened, request, { ...place, waitMs: patienceMs })
    })
    try {
      const { answer } = called
      const { element } = opened.connection
      if (await saysThrottled(element, answer)) {
        answer.discard()
        const inSeconds = findRetryAfter(element, answer.headers) ?? throttledSeconds
        return { kind: 'later', inSeconds, tried: true }
      }
      const mount = `${context.config.publicUrl ?? ''}/proxy`
      return { kind: 'done', answer: await readAnswer(called, { base: opened.base, mount }) }
    } finally {
      called.end()
    }
  } catch (error) {
    const isOurs = !(error instanceof Refusal || error instanceof EgressFailure)
    if (isOurs) context.log.error({ err: error, callId: claimed.id }, 'a call could not be sent')
    const isCutOff = !ends.ending.aborted && error instanceof EgressFailure && error.sent
    if (!ends.stopping.aborted) return endAfter(error, claimed, isSafe) ?? broken
    if (!isCutOff) return { kind: 'later', inSeconds: 0, tried: true }
    return endAfter(tookTooLong(), claimed, isSafe) ?? broken
  }
}

/** Nobody stops the process: it is the time of the job that is over, and would be again next time. */
function tookTooLong(): EgressFailure {
  const failure = new EgressFailure(
    'late',
    'The vendor took longer than a call that is sent later may take. Ask it for less at once, or call it without "Prefer: respond-async".',
  )
  failure.sent = true
  return failure
}

/** It has not been sent, and would have been had it waited as long as others may. */
function comesSoon(error: unknown): boolean {
  if (!(error instanceof Refusal) || error.code !== 'limit-wait-over') return false
  return (error.details.retryAfter ?? 0) * 1000 <= patienceMs
}

const tooOld: End = {
  kind: 'failed',
  code: 'call-too-old',
  message: `The call could not be sent for ${mostDays} days. Give the instance a higher limit, or see what its vendor asks for, and send it again.`,
}

const broken: End = {
  kind: 'failed',
  code: 'internal',
  message:
    'The service failed to send it, again and again. The operator finds the reason in the log.',
}

async function open(context: Context, claimed: StoredCall) {
  const { organizationId, instanceId, userId, method } = claimed
  const opened: Opened = await openForCalls(context, { organizationId, instanceId })
  if (opened.connection.record.userId !== userId) throw instanceNotFound(instanceId)
  if (!(await mayStillCall(context.db, claimed))) {
    throw new Refusal('user-unknown', 'Whoever sent the call may not call any more.')
  }
  const { path, headers, body, retries } = await openRequest(context, claimed, opened.base.origin)
  const bytes = body === null ? undefined : Buffer.from(body, 'base64')
  const kept = bytes ? { kind: 'buffered' as const, bytes } : { kind: 'none' as const }
  return { opened, request: { method, path, headers, body: kept }, retries }
}
