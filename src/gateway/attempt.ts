import type { Login } from '../authentication/login.ts'
import type { Session } from '../authentication/sessions.ts'
import type { Context } from '../context.ts'
import type { Element } from '../definition/element.ts'
import type { StreamAnswer } from '../egress/client.ts'
import { EgressFailure } from '../egress/failure.ts'
import type { Cancellation } from '../egress/stream-request.ts'
import type { Values, VendorRequest } from '../exchange/request.ts'
import { Refusal } from '../http/errors.ts'
import type { OverReason, Permit } from '../limits/limited.ts'
import type { Circuit, Flight } from './breaker.ts'
import type { Opened } from './callable.ts'
import type { Course } from './course.ts'
import { following, unlessLeft } from './departure.ts'
import type { CallBody, Reading } from './keep-body.ts'
import { sessionLogin, sessionOf } from './session.ts'
import { type Sign, signPlainly, unsignable } from './sign.ts'

/** A call on its way, however often it is sent. */
export interface Trip {
  context: Pick<
    Context,
    'breakers' | 'challenges' | 'egress' | 'limiter' | 'sessions' | 'probeDeadlineMs'
  >
  circuit: Circuit
  unsigned: VendorRequest
  body: CallBody
  reading: Reading
  /** By `performance.now()`: for its turn. */
  deadline: number
  signal: Cancellation
  told: Record<string, string>
  attempts: number
  tellsAttempts: boolean
  course: Course | undefined
  beforeSending: (() => Promise<void> | undefined) | undefined
}

/** A request that was answered. */
export interface Answered {
  answer: StreamAnswer
  /** As it was signed. */
  signed: VendorRequest
  sent: string
  session: Session | undefined
  values: Values
  /** Nobody reads the answer. */
  discard(): void
  end(): void
}

/**
 * Sends the request of a trip once, when its turn has come.
 * @throws {Refusal} where it may not be sent, or its turn did not come in time
 * @throws {EgressFailure} where no answer comes
 */
export async function attempt(
  trip: Trip,
  opened: Opened,
  sign: Sign = signPlainly(opened.connection.credentials.authentication),
  { unsigned, body }: Pick<Trip, 'unsigned' | 'body'> = trip,
): Promise<Answered> {
  const { context, circuit } = trip
  const { connection, limited } = opened
  const { values: own, certificateFor } = connection.credentials
  circuit.check()
  const login = sessionLogin(connection)
  const session = login && (await waitForSession(trip, connection, login))
  const values = session ? new Map([...own, ...session.values]) : own
  const clientCertificate = certificateFor && (await certificateFor(opened.base.origin))
  for (let first = false; ; first = true) {
    const waited = limited && trip.course?.waits()
    const turn = limited && (await takeTurn(trip, limited, first).finally(waited))
    let flight: Flight | undefined
    let asked: ReturnType<Course['asks']> | undefined
    const end = () => {
      flight?.end()
      turn?.permit.release()
    }
    try {
      flight = circuit.start()
      asked = trip.course?.asks(unsigned)
      const signing = sign(asked?.request ?? unsigned, values)
      const signed = signing instanceof Promise ? await signing : signing
      trip.course?.signs(unsigned, signed, values)
      const before = trip.beforeSending?.()
      if (before) await before
      const answer = await context.egress.open({
        method: signed.method,
        url: signed.url,
        headers: signed.headers,
        body: body.kind === 'stream' ? body.stream : signed.body,
        ...(body.kind === 'stream' && { length: body.length }),
        clientCertificate,
        firstByteMs: patienceOf(connection.element),
        signal: turn?.signal ?? trip.signal,
        mayStart: () => mayStart(trip, turn),
      })
      flight.answered()
      asked?.answered(answer.status)
      tell(trip, turn?.permit)
      return {
        answer,
        signed,
        sent: signed.url,
        session,
        values,
        discard() {
          answer.discard()
          end()
        },
        end,
      }
    } catch (error) {
      if (error instanceof EgressFailure) flight?.failed(error.kind)
      end()
      tell(trip, turn?.permit)
      const isWithdrawn = error instanceof EgressFailure && error.code === 'withdrawn'
      if (!isWithdrawn) asked?.failed(error instanceof EgressFailure ? error.kind : 'unsent')
      if (turn?.over()) throw heldTooLong(turn.over()!)
      if (!isWithdrawn) throw unsignable(error)
    }
  }
}

/** In flight as long as the login takes, and no longer: what waits for its turn is limited elsewhere. */
async function waitForSession(
  { context, circuit, signal }: Trip,
  connection: Opened['connection'],
  login: Login,
): Promise<Session> {
  const leave = circuit.hold()
  try {
    return await unlessLeft(signal, () => sessionOf(context, connection, login))
  } finally {
    leave()
  }
}

interface Turn {
  permit: Permit
  isUsed: boolean
  signal: Cancellation
  over(): OverReason | undefined
}

async function takeTurn(
  { context, deadline, signal }: Trip,
  limited: NonNullable<Opened['limited']>,
  first: boolean,
): Promise<Turn> {
  if (limited.pools.length === 0) {
    const permit = await context.limiter.acquire(limited, { deadline, signal, first })
    return { permit, isUsed: false, signal, over: () => undefined }
  }
  const holding = following(signal)
  let reason: OverReason | undefined
  const onOver = (why: OverReason) => {
    reason = why
    holding.abort()
  }
  const permit = await context.limiter.acquire(limited, { deadline, signal, first, onOver })
  return { permit, isUsed: false, signal: holding.signal, over: () => reason }
}

/** Asked once more where the connection breaks as it is used: that is another call to the vendor. */
function mayStart(trip: Trip, turn: Turn | undefined): boolean {
  if (turn) {
    if (turn.isUsed || !turn.permit.isFresh()) return false
    turn.isUsed = true
    turn.permit.sent()
  }
  trip.attempts += 1
  if (trip.course) trip.course.attempts += 1
  return true
}

function tell({ told, attempts, tellsAttempts }: Trip, permit: Permit | undefined) {
  if (permit) Object.assign(told, permit.headers())
  if (tellsAttempts || attempts > 1) told['elements-attempts'] = String(attempts)
}

/** Until its answer begins; undefined where it is as with most vendors. */
function patienceOf({ gateway }: Element): number | undefined {
  return gateway?.timeoutSeconds === undefined ? undefined : gateway.timeoutSeconds * 1000
}

function heldTooLong(reason: OverReason): Refusal {
  const message =
    reason === 'held-too-long'
      ? 'The call held its connection for longer than its connection pool allows, and was ended. Ask for less at once, or give the pool a longer hold timeout.'
      : 'The call was ended, since the database could not be reached to keep its place in the connection pool. Try again.'
  return new Refusal('vendor-late', { message, retryAfter: 1 })
}
