import type { Context } from '../context.ts'
import { delayAfter, failuresToPause, pauseAfter } from './backoff.ts'
import { messageId, renderEvent } from './event.ts'
import { type DeliveryJob, plan } from './job.ts'
import { type Claim, claimLane, findNextDue, findReceiver, type Receiver } from './lane-store.ts'
import { advanceLane, storeAttempt } from './outcome-store.ts'
import { sendMessage } from './send.ts'
import type { WebhookKey } from './store.ts'

type Needs = Pick<Context, 'db' | 'jobs' | 'vault' | 'egress' | 'receivers' | 'log' | 'metrics'>

/** So many instances' events are under way at once, for one webhook in one process. */
const width = 4
/** Longer than a request and its record take; whoever died is followed then. */
const leaseSeconds = 20
/** Nothing is begun after that, so that the job ends in its time. */
const beginningMs = 12_000
/** Days without one delivery, after which the next that is dead is the last. */
const patienceDays = 5
/** Seconds, where too much is being sent to the same host. */
const crowded = { least: 1, most: 3 }

/** What ends a line of deliveries: nothing is due, nothing may be sent, or the host has too many. */
type End = 'done' | 'crowded'

/**
 * Delivers what is due for a webhook: the events of an instance one after the other, those of several
 * at once. At least once: where a process dies, another sends the same message again. Leaves a job
 * behind for what is due later.
 */
export async function deliverWaiting(
  context: Needs,
  { organizationId, webhookId: id }: DeliveryJob,
  signal: AbortSignal,
): Promise<void> {
  const { db, receivers } = context
  const key = { organizationId, id }
  const receiver = await findReceiver(db, key)
  // Who activates it again has what waits looked at.
  if (!receiver) return
  const isFailing = receiver.failures >= failuresToPause
  const taken = receivers.take(`${organizationId}/${id}`, isFailing)
  if (taken === 'busy') return
  let ends: End[] = ['crowded']
  if (taken !== 'crowded') {
    try {
      const until = AbortSignal.any([signal, AbortSignal.timeout(beginningMs)])
      // What has failed again and again is tried with one event alone.
      const lines = Array.from({ length: isFailing ? 1 : width })
      ends = await Promise.all(lines.map(() => deliverLine(context, key, until)))
    } finally {
      // Before the look at what is left: what comes after that look finds nobody at work.
      taken[Symbol.dispose]()
    }
  }
  await planNext(context, key, ends)
}

async function planNext({ db, jobs, receivers }: Needs, key: WebhookKey, ends: readonly End[]) {
  const dueIn = await findNextDue(db, key)
  if (dueIn === undefined) return
  const wait = ends.includes('crowded')
    ? crowded.least + Math.random() * (crowded.most - crowded.least)
    : 0
  const startAfter = Math.ceil(Math.max(dueIn, wait))
  await plan(jobs, db.pool, key, { holder: receivers.holder, startAfter })
}

async function deliverLine(context: Needs, key: WebhookKey, until: AbortSignal): Promise<End> {
  const { db, receivers } = context
  while (!until.aborted) {
    const receiver = await findReceiver(db, key)
    if (!receiver || receiver.pausedFor > 0) return 'done'
    using place = receivers.enter(new URL(receiver.url).host)
    if (!place) return 'crowded'
    const claim = await claimLane(db, key, leaseSeconds)
    if (!claim) return 'done'
    await deliver(context, receiver, claim)
  }
  return 'done'
}

async function deliver(context: Needs, receiver: Receiver, claim: Claim): Promise<void> {
  const { db, log } = context
  const { organizationId, id } = receiver
  const { delivery, instanceId } = claim
  if (!delivery) return advanceLane(db, receiver, claim)
  const event = { ...delivery, createdAt: new Date(delivery.createdAt) }
  const message = { id: messageId(delivery), body: renderEvent(event) }
  const { outcome, durationMs } = await sendMessage(context, receiver, message)
  const { delivered, retryAfter, status, failure } = outcome
  context.metrics.delivered(delivered)
  const goesOn = await storeAttempt(db, {
    organizationId,
    id,
    claim,
    delivery,
    outcome,
    durationMs,
    retryIn: delivered ? undefined : delayAfter(delivery.tries + 1, delivery.age, retryAfter),
    pause: delivered ? undefined : pauseAfter(receiver.failures + 1),
    patienceDays,
  })
  const about = { organizationId, webhookId: id, instanceId, deliveryId: delivery.id }
  if (!delivered) log.info({ ...about, status, kind: failure?.kind }, 'an event was not delivered')
  if (!goesOn) log.warn({ organizationId, webhookId: id }, 'a webhook is not sent to any longer')
}
