import { isUtf8 } from 'node:buffer'
import type { Called } from '../gateway/call.ts'
import { keptHeaders } from '../gateway/head.ts'
import type { KeptAnswer } from './content.ts'

/** Bytes of a body. */
export const maxKept = 1024 * 1024

/**
 * What is kept of a vendor's answer, once it is there.
 * @throws {EgressFailure} where it breaks off before
 */
export async function readAnswer(
  called: Called,
  place: Parameters<typeof keptHeaders>[1],
): Promise<KeptAnswer> {
  const { answer } = called
  const bytes = await answer.peek(maxKept + 1)
  answer.discard()
  const kept = bytes.subarray(0, maxKept)
  const encoding = isUtf8(kept) ? 'utf8' : 'base64'
  return {
    status: answer.status,
    headers: keptHeaders(called, place),
    body: kept.toString(encoding),
    encoding,
    truncated: bytes.length > maxKept,
  }
}
