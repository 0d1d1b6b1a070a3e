import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Turns } from '../egress/turns.ts'
import { bePatient } from '../http/patience.ts'
import type { CallBody } from './keep-body.ts'
import { Upload } from './upload.ts'

/** Requests whose clients wait for `100 Continue` before they send their body. */
export type Expecting = WeakSet<IncomingMessage>

/** The body of a call; its client is told to go on when it is wanted, and may take its time. */
export function bodyOf(
  { raw, headers }: FastifyRequest,
  { raw: response }: FastifyReply,
  expecting: Expecting,
  turns: Turns,
): CallBody {
  const { 'content-length': length, 'transfer-encoding': encoding } = headers
  if (encoding === undefined && (length === undefined || Number(length) === 0)) {
    return { kind: 'none' }
  }
  bePatient({ raw }, response)
  const stream = new Upload(raw, turns, () => {
    if (expecting.delete(raw)) response.writeContinue()
  })
  return { kind: 'stream', stream, length: length === undefined ? undefined : Number(length) }
}
