import type { AuthenticationAnswer } from '../authentication/type.ts'
import type { VendorRequest } from '../exchange/request.ts'
import { type Answered, attempt, type Trip } from './attempt.ts'
import type { Opened } from './callable.ts'
import { readBody, toBeSigned } from './keep-body.ts'
import { type Sign, signFor, signPlainly } from './sign.ts'

const maxSignings = 2

/**
 * As `attempt`, for a vendor that asks for a proof first: with the challenge that it asked last
 * time, and again where it asks anew. A body that streams can be sent once only: before it, the
 * vendor is asked with a HEAD.
 */
export async function answerChallenges(trip: Trip, opened: Opened): Promise<Answered> {
  const { challenges } = trip.context
  const { organizationId, instanceId, base, connection } = opened
  const { authentication } = connection.credentials
  const name = `${organizationId}/${instanceId}/${base.origin}`
  const plainly = signPlainly(authentication)
  const answering =
    (challenge: AuthenticationAnswer, sent: VendorRequest): Sign =>
    (unsigned, values) =>
      signFor(authentication, challenge, sent, unsigned, values) ?? plainly(unsigned, values)

  if (trip.body.kind === 'stream') await ask(trip, opened, name, plainly)
  const known = challenges.next(name)
  if (trip.body.kind === 'stream' && known && (await mustSeeBody(trip, opened, known))) {
    const body = await readBody(trip.body, toBeSigned(authentication), trip.reading)
    trip.body = body
    trip.unsigned = {
      ...trip.unsigned,
      body: body.kind === 'buffered' ? body.bytes : undefined,
    }
  }
  let answered = await attempt(trip, opened, known ? answering(known, trip.unsigned) : plainly)
  // One that is known already may be too old, whether the vendor says so or not.
  let sent = known ? trip.unsigned : answered.signed
  for (let again = 0; again < maxSignings; again += 1) {
    const { answer, values } = answered
    if (answer.status !== 401) return answered
    challenges.learn(name, answer)
    if (trip.body.kind === 'stream') return answered
    const next = signFor(authentication, answer, sent, trip.unsigned, values)
    if (!next) return answered
    answered.discard()
    const challenge = { ...answer, used: challenges.next(name)?.used ?? 0 }
    answered = await attempt(trip, opened, answering(challenge, sent))
    sent = answered.signed
  }
  return answered
}

async function ask(trip: Trip, opened: Opened, name: string, plainly: Sign) {
  const { 'content-type': _, ...headers } = trip.unsigned.headers
  const unsigned = { ...trip.unsigned, method: 'HEAD', headers, body: undefined }
  const asked = await attempt(trip, opened, plainly, { unsigned, body: { kind: 'none' } })
  if (asked.answer.status === 401) trip.context.challenges.learn(name, asked.answer)
  asked.discard()
}

/** RFC 7616, section 3.4.3: whether the vendor wants nothing but a proof that covers the body. */
async function mustSeeBody(
  { unsigned }: Trip,
  { connection }: Opened,
  challenge: AuthenticationAnswer,
): Promise<boolean> {
  const { authentication, values } = connection.credentials
  const signed = await signFor(authentication, challenge, unsigned, unsigned, values)
  return /qop=auth-int/.test(signed?.headers.authorization ?? '')
}
