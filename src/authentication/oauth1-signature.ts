import { createHmac } from 'node:crypto'
import { bytesOf, type VendorRequest } from '../exchange/request.ts'

export const signatureMethods = ['HMAC-SHA1', 'HMAC-SHA256'] as const

export type SignatureMethod = (typeof signatureMethods)[number]
export type Parameter = readonly [name: string, value: string]

const hashes = { 'HMAC-SHA1': 'sha1', 'HMAC-SHA256': 'sha256' } as const

/** In base64 (RFC 5849, section 3.4.2; with SHA-256 likewise). */
export function signatureOf(
  method: SignatureMethod,
  baseString: string,
  { consumerSecret, tokenSecret }: { consumerSecret: string; tokenSecret: string },
): string {
  const key = `${percentEncode(consumerSecret)}&${percentEncode(tokenSecret)}`
  return createHmac(hashes[method], key).update(baseString).digest('base64')
}

/** Those of a request's query and form body (RFC 5849, section 3.4.1.3.1), percent-encoded anew. */
export function sentParameters({ url, headers, body = '' }: VendorRequest): {
  query: Parameter[]
  body: Parameter[]
} {
  const query = encodeForm(new URL(url).search.slice(1))
  return { query, body: isForm(headers) ? encodeForm(body) : [] }
}

/**
 * What is signed of a request (RFC 5849, section 3.4.1): method, address as it is sent, and the
 * parameters of query, form body and protocol; `protocol` without signature and realm.
 */
export function baseStringOf(
  request: VendorRequest,
  protocol: readonly Parameter[],
  sent = sentParameters(request),
): string {
  const { protocol: scheme, host, pathname } = new URL(request.url)
  const parameters = [
    ...protocol.map(([name, value]): Parameter => [percentEncode(name), percentEncode(value)]),
    ...sent.query,
    ...sent.body,
  ]
  const sorted = parameters.toSorted(
    ([one, value], [other, otherValue]) => order(one, other) || order(value, otherValue),
  )
  const written = sorted.map((parameter) => parameter.join('=')).join('&')
  return [request.method, `${scheme}//${host}${pathname}`, written].map(percentEncode).join('&')
}

/** RFC 5849, section 3.6. */
export function percentEncode(text: string): string {
  return encodeBytes(bytesOf(text))
}

export function isForm(headers: Record<string, string | undefined>): boolean {
  const [type = ''] = (headers['content-type'] ?? '').split(';', 1)
  return type.trim().toLowerCase() === 'application/x-www-form-urlencoded'
}

/** Byte by byte, for what is not in UTF-8. */
function encodeForm(form: string | Buffer): Parameter[] {
  const parts = bytesOf(form).split('&')
  return parts
    .filter((part) => part !== '')
    .map((part) => {
      const at = part.indexOf('=')
      const [name, value] = at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)]
      return [encodeBytes(decode(name)), encodeBytes(decode(value))]
    })
}

function encodeBytes(bytes: string): string {
  return bytes.replace(
    /[^\w.~-]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

function decode(written: string): string {
  return written
    .replaceAll('+', ' ')
    .replace(/%([0-9a-f]{2})/gi, (_, byte: string) =>
      String.fromCharCode(Number.parseInt(byte, 16)),
    )
}

function order(one: string, other: string): number {
  return Number(one > other) - Number(one < other)
}
