import { promisify } from 'node:util'
import zlib from 'node:zlib'
import type { Authentication } from '../authentication/authentication.ts'
import type { Element } from '../definition/element.ts'
import { encodingsOf } from '../egress/body.ts'
import type { StreamAnswer } from '../egress/client.ts'
import { type Answer, holds, type When } from '../exchange/condition.ts'
import { AnswerDocument } from '../exchange/document.ts'

/** So much of an answer is looked at before it goes on. */
export const maxLooked = 64 * 1024

/** What comes bit by bit would be kept waiting; and nobody says there that a session has ended. */
const notLookedInto =
  /^(?:text\/event-stream|multipart\/|image\/|audio\/|video\/|application\/(?:octet-stream|pdf|zip|x-ndjson))/i

type Seen = Pick<StreamAnswer, 'status' | 'headers' | 'peek'>

/** Whether an answer says that the token or session is over, not that the request was wrong. */
export function saysEnded(
  authentication: Authentication,
  answer: Seen,
): Promise<boolean> | boolean {
  const { type } = authentication
  const ended = type === 'session' || type === 'oauth2' ? authentication.ended : undefined
  return ended ? anyHolds(ended, answer) : answer.status === 401
}

/** Whether an answer says that the vendor takes no more calls for a while. */
export function saysThrottled({ gateway }: Element, answer: Seen): Promise<boolean> | boolean {
  if (answer.status === 429) return true
  return gateway?.throttled ? anyHolds(gateway.throttled, answer) : false
}

const nothing = new AnswerDocument(Buffer.alloc(0), '')

/** Looks at the body only where status and headers leave that open. */
function anyHolds(conditions: readonly When[], answer: Seen): Promise<boolean> | boolean {
  const head: Answer = { ...headOf(answer), document: nothing }
  const open = conditions.filter(({ status, header, failure }) =>
    holds({ ...(status !== undefined && { status }), header, failure }, head),
  )
  if (open.length === 0) return false
  if (open.some((when) => !asksBody(when))) return true
  if (notLookedInto.test(String(answer.headers['content-type'] ?? ''))) return false
  return anyHoldsInBody(open, answer)
}

async function anyHoldsInBody(conditions: readonly When[], answer: Seen): Promise<boolean> {
  const { status, headers } = headOf(answer)
  const body = await plain(await answer.peek(maxLooked), headers['content-encoding'])
  const document = new AnswerDocument(body, String(headers['content-type'] ?? ''))
  return conditions.some((when) => holds(when, { status, headers, document }))
}

function headOf({ status, headers }: Seen) {
  return { status, headers }
}

function asksBody({ says, body, xml, json, form }: When): boolean {
  return [says, body, xml, json, form].some((test) => test !== undefined)
}

type Decode = (bytes: Buffer, options: object) => Promise<Buffer>

const flush = { finishFlush: zlib.constants.Z_SYNC_FLUSH }
/** Each takes a beginning for all there is. */
const decoders: Record<string, [decode: Decode, options: object]> = {
  gzip: [promisify<Buffer, object, Buffer>(zlib.gunzip), flush],
  'x-gzip': [promisify<Buffer, object, Buffer>(zlib.gunzip), flush],
  deflate: [promisify<Buffer, object, Buffer>(zlib.unzip), flush],
  br: [
    promisify<Buffer, object, Buffer>(zlib.brotliDecompress),
    { finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH },
  ],
  zstd: [
    promisify<Buffer, object, Buffer>(zlib.zstdDecompress),
    { finishFlush: zlib.constants.ZSTD_e_flush },
  ],
}

/** What a beginning of 64 KiB may become: markers stand in small answers. */
const maxPlain = 1024 * 1024

/** The beginning of a body without its encodings; nothing where that cannot be had. */
async function plain(bytes: Buffer, encoding: string | string[] | undefined): Promise<Buffer> {
  let decoded = bytes
  for (const name of encodingsOf(encoding).toReversed()) {
    const [decode, options] = decoders[name] ?? []
    if (!decode || decoded.length === 0) return Buffer.alloc(0)
    try {
      decoded = await decode(decoded, { ...options, maxOutputLength: maxPlain })
    } catch {
      return Buffer.alloc(0)
    }
  }
  return decoded
}
