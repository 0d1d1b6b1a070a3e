import { brotliDecompressSync, constants, gunzipSync, inflateSync } from 'node:zlib'

/** More than is shown, so that a secret that the cut goes through is found whole first. */
const maxKept = 64 * 1024
const maxUnpacked = 1024 * 1024

/** The beginning of a body that goes by. */
export class KeptBody {
  readonly #chunks: Buffer[] = []
  /** Of all that went by. */
  size = 0

  add(chunk: Uint8Array) {
    const room = maxKept - this.size
    this.size += chunk.length
    if (room > 0) this.#chunks.push(Buffer.from(chunk.subarray(0, room)))
  }

  /** As text; undefined where it is none, or nobody can tell. */
  text(coding: string | undefined): string | undefined {
    const bytes = unpack(Buffer.concat(this.#chunks), coding?.trim().toLowerCase())
    if (!bytes) return undefined
    // A character that the cut goes through is none.
    const text = bytes.toString('utf8').replace(/\uFFFD$/, '')
    return /[\uFFFD\0]/.test(text) ? undefined : text
  }
}

/** As far as it was kept. */
function unpack(bytes: Buffer, coding: string | undefined): Buffer | undefined {
  if (!coding || coding === 'identity') return bytes
  const limits = { maxOutputLength: maxUnpacked }
  const cut = { ...limits, finishFlush: constants.Z_SYNC_FLUSH }
  try {
    if (coding === 'gzip' || coding === 'x-gzip') return gunzipSync(bytes, cut)
    if (coding === 'deflate') return inflateSync(bytes, cut)
    if (coding === 'br') {
      const finishFlush = constants.BROTLI_OPERATION_FLUSH
      return brotliDecompressSync(bytes, { ...limits, finishFlush })
    }
  } catch {
    return undefined
  }
  return undefined
}
