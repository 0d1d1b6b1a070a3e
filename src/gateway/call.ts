import { typeOf } from '../authentication/authentication.ts'
import type { Context } from '../context.ts'
import type { StreamAnswer } from '../egress/client.ts'
import { EgressFailure } from '../egress/failure.ts'
import type { Cancellation } from '../egress/stream-request.ts'
import { findRetryAfter } from '../probe/judge.ts'
import { type Answered, attempt, type Trip } from './attempt.ts'
import { answerChallenges } from './attempt-challenged.ts'
import type { Opened } from './callable.ts'
import type { Course } from './course.ts'
import { unlessLeft } from './departure.ts'
import { type CallBody, keepBody, letGo, type Reading } from './keep-body.ts'
import { saysEnded, saysThrottled } from './markers.ts'
import type { CallOptions } from './options.ts'
import { fillPlaceholders } from './placeholders.ts'
import { canRenew, giveUp, renew } from './renew.ts'
import { isIdempotent, isPassing, mayFollow } from './retry.ts'
import { Rounds } from './rounds.ts'
import { addressFor } from './sign.ts'

export interface GatewayRequest {
  method: string
  /** As it was sent, with the query; what comes after the mount. */
  path: string
  /** In lower case, those that the vendor gets. */
  headers: Record<string, string>
  body: CallBody
}

export interface Called {
  answer: StreamAnswer
  /** The address without what the authentication added to it, and with. */
  called: string
  sent: string
  /** Has to be said when the answer is over, whole or not: others wait for its place. */
  end(): void
}

export interface CallPlace extends CallOptions {
  signal: Cancellation
  /** Gets what there is to tell of the call in headers, whether it ends well or not. */
  told: Record<string, string>
  /** Who looks on. */
  course?: Course | undefined
  /** Whenever its turn has come: what it throws ends the call, of which nothing was sent then. */
  beforeSending?: (() => Promise<void> | undefined) | undefined
}

type Needs = Pick<
  Context,
  | 'bodyRoom'
  | 'breakers'
  | 'challenges'
  | 'connections'
  | 'egress'
  | 'limiter'
  | 'log'
  | 'probeDeadlineMs'
  | 'renewals'
  | 'sessions'
>

/** Without a header that says when: a vendor that counts by the second is ready then. */
const shortestPauseSeconds = 1

/**
 * Calls a vendor as an instance: within its limits, with its credentials, once more where its token
 * or session had ended, and again as often as was asked for where that does no harm. The body of
 * the answer is still to come.
 * @throws {Refusal} where the call may not be sent, or was not in time
 * @throws {EgressFailure} where no answer comes
 */
export async function call(
  context: Needs,
  opened: Opened,
  request: GatewayRequest,
  place: CallPlace,
): Promise<Called> {
  const { base, settings, connection, organizationId } = opened
  const { authentication } = connection.credentials
  const { signAgain } = typeOf(authentication)
  const retries = place.retries ?? settings.retries ?? 0
  const mayRepeat = retries > 0 || signAgain !== undefined || canRenew(connection)
  const called = base.href.slice(0, -1) + fillPlaceholders(request.path, settings)
  const reading = { room: context.bodyRoom, organizationId, idleMs: context.egress.idleMs }
  const keeping = keepBody(request.body, authentication, request.headers, mayRepeat, reading)
  const body = keeping instanceof Promise ? await keeping : keeping
  try {
    const trip = prepare(context, opened, request, place, { called, body, reading })
    return await sendTrip(context, opened, request, trip, retries)
  } finally {
    letGo(body, request.body, reading)
  }
}

async function sendTrip(
  context: Needs,
  opened: Opened,
  request: GatewayRequest,
  trip: Trip,
  retries: number,
): Promise<Called> {
  const { element, credentials } = opened.connection
  const { signAgain } = typeOf(credentials.authentication)
  const isKept = trip.body.kind !== 'stream'
  const isSafe = isKept && isIdempotent(request, element)
  const rounds = new Rounds(retries, trip)
  trip.tellsAttempts = retries > 0
  const send = signAgain ? answerChallenges : attempt
  let current = opened
  let isRenewed = false
  for (;;) {
    let answered: Answered
    try {
      answered = await send(trip, current)
    } catch (error) {
      const isOver = !(error instanceof EgressFailure) || !mayFollow(error, isSafe)
      if (isOver || !(await rounds.next())) throw error
      continue
    }
    try {
      const { answer } = answered
      const ended = saysEnded(credentials.authentication, answer)
      if (ended instanceof Promise ? await ended : ended) {
        const renewed = isRenewed
          ? undefined
          : await unlessLeft(trip.signal, () =>
              renewFor(context, current, answered, request, isKept),
            )
        // What no new token helps against is not answered with another one for a while.
        if (isRenewed) giveUp(context, opened, placeOf(request))
        isRenewed = true
        if (renewed) {
          current = renewed
          answered.discard()
          continue
        }
      }
      const throttled = saysThrottled(element, answer)
      const isThrottled = throttled instanceof Promise ? await throttled : throttled
      if (isThrottled) hold(context, current, answer)
      if (isSafe && (isThrottled || isPassing(answer.status)) && rounds.hasMore) {
        const again = rounds.next(findRetryAfter(element, answer.headers), answered.discard)
        if (await again) continue
      }
      return { answer, called: trip.unsigned.url, sent: answered.sent, end: answered.end }
    } catch (error) {
      answered.discard()
      throw error
    }
  }
}

function prepare(
  context: Needs,
  { base, connection, organizationId, instanceId }: Opened,
  { method, headers }: GatewayRequest,
  { signal, told, waitMs, course, beforeSending }: CallPlace,
  { called, body, reading }: { called: string; body: CallBody; reading: Reading },
): Trip {
  const { authentication } = connection.credentials
  return {
    context,
    circuit: context.breakers.of(`${organizationId}/${instanceId}`, base),
    unsigned: {
      method,
      url: addressFor(authentication, called),
      headers,
      body: body.kind === 'buffered' ? body.bytes : undefined,
    },
    body,
    reading,
    deadline: performance.now() + waitMs,
    signal,
    told,
    attempts: 0,
    tellsAttempts: false,
    course,
    beforeSending,
  }
}

/** Without the query, of which there may be any number. */
function placeOf({ method, path }: GatewayRequest): string {
  return `${method} ${path.split('?')[0]}`
}

/** The instance with another token or session, where the call can be sent again with it. */
async function renewFor(
  context: Needs,
  opened: Opened,
  { session }: Answered,
  request: GatewayRequest,
  isKept: boolean,
): Promise<Opened | undefined> {
  try {
    const renewed = await renew(context, opened, session, placeOf(request))
    return isKept ? renewed : undefined
  } catch (error) {
    // It is the vendor's answer that counts, where there is no other to be had.
    if (isKept) throw error
    return undefined
  }
}

/** For all replicas; what this one lets start waits at once. */
function hold(
  { limiter, log }: Needs,
  { limited, instanceId, connection }: Opened,
  { headers }: StreamAnswer,
) {
  if (!limited) return
  const seconds = findRetryAfter(connection.element, headers) ?? shortestPauseSeconds
  limiter.pause(limited, seconds).catch((err) => {
    log.warn({ err, instanceId }, 'the other replicas could not be told to wait')
  })
}
