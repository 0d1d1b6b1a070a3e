import type { Readable } from 'node:stream'
import { type Authentication, typeOf } from '../authentication/authentication.ts'
import { stalled } from '../egress/failure.ts'
import { Refusal } from '../http/errors.ts'

/** The body of a call. */
export type CallBody =
  | { kind: 'none' }
  | { kind: 'buffered'; bytes: Buffer }
  | { kind: 'stream'; stream: Readable; length?: number | undefined }

/** What is signed whole has to be here whole. */
const maxSigned = 8 * 1024 * 1024
/** What may be sent again. */
const maxKept = 64 * 1024

/**
 * The body as it is needed: all of it where it is signed, and where it may have to be sent again if
 * it is small and says so; otherwise as it comes.
 * @throws {Refusal} `body-too-large-to-sign`
 * @throws {EgressFailure} `aborted` where the client leaves, or is silent for `idleMs`
 */
export async function keepBody(
  body: CallBody,
  authentication: Authentication,
  headers: Record<string, string>,
  mayRepeat: boolean,
  idleMs: number,
): Promise<CallBody> {
  if (body.kind === 'none') return body
  if (typeOf(authentication).seesBody(authentication, headers)) {
    return readBody(body, authentication.type, idleMs)
  }
  const isSmall = body.kind === 'stream' && body.length !== undefined && body.length <= maxKept
  return mayRepeat && isSmall ? readBody(body, authentication.type, idleMs) : body
}

/**
 * All of a body.
 * @throws {Refusal} `body-too-large-to-sign`
 * @throws {EgressFailure} `aborted` where the client leaves, or is silent for `idleMs`
 */
export async function readBody(
  body: CallBody,
  type: string,
  idleMs: number,
): Promise<Exclude<CallBody, { kind: 'stream' }>> {
  if (body.kind === 'buffered' && body.bytes.length > maxSigned) throw tooLarge(type)
  if (body.kind !== 'stream') return body
  if ((body.length ?? 0) > maxSigned) throw tooLarge(type)
  const chunks: Buffer[] = []
  let size = 0
  const silence = setTimeout(() => body.stream.destroy(stalled()), idleMs)
  try {
    for await (const chunk of body.stream.iterator({ destroyOnReturn: false })) {
      silence.refresh()
      size += chunk.length
      if (size > maxSigned) throw tooLarge(type)
      chunks.push(chunk)
    }
  } finally {
    clearTimeout(silence)
  }
  return { kind: 'buffered', bytes: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) }
}

function tooLarge(type: string): Refusal {
  return new Refusal(
    'body-too-large-to-sign',
    `With the authentication ${type} a body is signed or changed before it is sent, for which it may have at most ${maxSigned / 1024 / 1024} MiB. Send less at once.`,
  )
}
