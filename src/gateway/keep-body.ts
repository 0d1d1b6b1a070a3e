import type { Readable } from 'node:stream'
import { type Authentication, typeOf } from '../authentication/authentication.ts'
import { stalled } from '../egress/failure.ts'
import { Refusal } from '../http/errors.ts'
import type { BodyRoom } from './body-room.ts'

/** The body of a call. */
export type CallBody =
  | { kind: 'none' }
  | { kind: 'buffered'; bytes: Buffer }
  | { kind: 'stream'; stream: Readable; length?: number | undefined }

/** What is signed whole has to be here whole. */
const maxSigned = 8 * 1024 * 1024
/** What may be sent again. */
const maxKept = 64 * 1024

/** What holds for a body that is read before it is sent. */
export interface Reading {
  room: BodyRoom
  /** Whose it is. */
  organizationId: number
  /** How long the client may be silent; twice as long, and all of it has to be here. */
  idleMs: number
}

/**
 * The body as it is needed: all of it where it is signed, and where it may have to be sent again if
 * it is small and says so; otherwise as it comes, and then no promise.
 * @throws {Refusal} `body-too-large-to-sign`, `bodies-busy`
 * @throws {EgressFailure} `aborted` where the client leaves, or is too slow
 */
export function keepBody(
  body: CallBody,
  authentication: Authentication,
  headers: Record<string, string>,
  mayRepeat: boolean,
  reading: Reading,
): CallBody | Promise<CallBody> {
  if (body.kind === 'none') return body
  if (typeOf(authentication).seesBody(authentication, headers)) {
    return readBody(body, toBeSigned(authentication), reading)
  }
  const isSmall = body.kind === 'stream' && body.length !== undefined && body.length <= maxKept
  return mayRepeat && isSmall ? readBody(body, toBeSigned(authentication), reading) : body
}

/** How much of a body is read at most, and what is said of more. */
export interface BodyLimit {
  bytes: number
  refuse(): Refusal
}

/** `body-too-large-to-sign` beyond what is signed. */
export function toBeSigned({ type }: Authentication): BodyLimit {
  return { bytes: maxSigned, refuse: () => tooLarge(type) }
}

/**
 * All of a body. What it takes of the room is the caller's to give back, with `letGo`.
 * @throws {Refusal} the limit's own, `bodies-busy`
 * @throws {EgressFailure} `aborted` where the client leaves, or is too slow
 */
export async function readBody(
  body: CallBody,
  limit: BodyLimit,
  { room, organizationId, idleMs }: Reading,
): Promise<Exclude<CallBody, { kind: 'stream' }>> {
  if (body.kind === 'buffered' && body.bytes.length > limit.bytes) throw limit.refuse()
  if (body.kind !== 'stream') return body
  if ((body.length ?? 0) > limit.bytes) throw limit.refuse()
  const chunks: Buffer[] = []
  let size = 0
  const giveUp = () => body.stream.destroy(stalled())
  const silence = setTimeout(giveUp, idleMs)
  const end = setTimeout(giveUp, 2 * idleMs)
  try {
    for await (const chunk of body.stream.iterator({ destroyOnReturn: false })) {
      silence.refresh()
      if (size + chunk.length > limit.bytes) throw limit.refuse()
      room.take(organizationId, chunk.length)
      size += chunk.length
      chunks.push(chunk)
    }
  } catch (error) {
    room.free(organizationId, size)
    throw error
  } finally {
    clearTimeout(silence)
    clearTimeout(end)
  }
  return { kind: 'buffered', bytes: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) }
}

/** The body of a call that has been sent, or never will be; `given` is what it was read from. */
export function letGo(body: CallBody, given: CallBody, { room, organizationId }: Reading) {
  if (given.kind === 'stream' && body.kind === 'buffered') {
    room.free(organizationId, body.bytes.length)
  }
}

function tooLarge(type: string): Refusal {
  return new Refusal(
    'body-too-large-to-sign',
    `With the authentication ${type} a body is signed or changed before it is sent, for which it may have at most ${maxSigned / 1024 / 1024} MiB. Send less at once.`,
  )
}
