import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { codeOf, EgressFailure } from './failure.ts'

type Decode = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>

const gunzip = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip)
const inflate = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflate)
const inflateRaw = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflateRaw)

const decoders: Record<string, Decode> = {
  gzip: gunzip,
  'x-gzip': gunzip,
  br: promisify<Buffer, zlib.BrotliOptions, Buffer>(zlib.brotliDecompress),
  zstd: promisify<Buffer, zlib.ZstdOptions, Buffer>(zlib.zstdDecompress),
  // Meant to be the zlib format (RFC 9110 section 8.4.1.2), but some send bare deflate.
  deflate: (body, options) =>
    (body[0]! & 0x0f) === 8 && body.length > 1 && body.readUInt16BE(0) % 31 === 0
      ? inflate(body, options)
      : inflateRaw(body, options),
}

/** More layers than anyone has a use for; each would cost another pass. */
const maxEncodings = 3

/** The encodings of a body in the order they were applied, or none. */
export function encodingsOf(header: string | string[] | undefined): string[] {
  if (header === undefined) return []
  return String(header)
    .toLowerCase()
    .split(',')
    .map((encoding) => encoding.trim())
    .filter((encoding) => encoding !== '' && encoding !== 'identity')
}

/**
 * Takes the encodings off a body. No step makes more than `maxBytes`, and none starts before the
 * compressed bytes are here and counted.
 */
export async function decodeBody(
  body: Buffer,
  encodings: string[],
  maxBytes: number,
  hostname: string,
): Promise<Buffer> {
  if (encodings.length > maxEncodings || encodings.some((name) => !Object.hasOwn(decoders, name))) {
    throw undecodable(hostname)
  }
  let decoded = body
  for (const name of encodings.toReversed()) {
    if (decoded.length === 0) break
    try {
      decoded = await decoders[name]!(decoded, { maxOutputLength: Math.max(maxBytes, 1) })
    } catch (error) {
      const code = codeOf(error)
      throw code === 'ERR_BUFFER_TOO_LARGE'
        ? tooLarge(hostname, maxBytes)
        : undecodable(hostname, code)
    }
  }
  return decoded
}

/** For an answer whose body has more than `maxBytes`, compressed or not. */
export function tooLarge(hostname: string, maxBytes: number): EgressFailure {
  const size = maxBytes < 1024 ? `${maxBytes} bytes` : `${Math.floor(maxBytes / 1024)} KiB`
  return new EgressFailure(
    'too-large',
    `${hostname} answers with more than ${size}. Check that the address leads to its API, or ask for less.`,
  )
}

function undecodable(hostname: string, code?: string): EgressFailure {
  return new EgressFailure(
    'malformed',
    `${hostname} answers in an encoding that can't be read. Ask the vendor.`,
    code,
  )
}
