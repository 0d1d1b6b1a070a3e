import { createHmac } from 'node:crypto'

/** A request as a server gets it. */
export interface SignedRequest {
  method: string
  /** As the client meant it, in any case, with query and perhaps with the port of its scheme. */
  url: string
  authorization?: string | undefined
  contentType?: string | undefined
  body?: string
}

/** A request, taken apart: parameters of OAuth, and those of the application. */
export interface ReadRequest {
  oauth: Map<string, string>
  realm: string | undefined
  /** Those that came with it, decoded, in no order; those of OAuth but the signature among them. */
  parameters: [string, string][]
}

const algorithms = new Map([
  ['HMAC-SHA1', 'sha1'],
  ['HMAC-SHA256', 'sha256'],
])

/** RFC 5849, section 3.6. */
export function encode(text: string): string {
  let encoded = ''
  for (const byte of new TextEncoder().encode(text)) {
    const sign = String.fromCharCode(byte)
    encoded += /[A-Za-z0-9._~-]/.test(sign)
      ? sign
      : `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}`
  }
  return encoded
}

/** Collects parameters from where section 3.4.1.3.1 says; undefined where one of OAuth is there twice. */
export function readRequest(request: SignedRequest): ReadRequest | undefined {
  const oauth = new Map<string, string>()
  const parameters: [string, string][] = []
  let realm: string | undefined
  const add = (name: string, value: string) => {
    if (name.startsWith('oauth_')) {
      if (oauth.has(name)) return false
      oauth.set(name, value)
    }
    if (name !== 'oauth_signature') parameters.push([name, value])
    return true
  }
  const header = /^OAuth\s+(.*)$/is.exec(request.authorization ?? '')?.[1]
  for (const [, name, value] of header?.matchAll(/([\w%.~-]+)="((?:[^"\\]|\\.)*)"/g) ?? []) {
    if (name === 'realm') realm = value!.replace(/\\(.)/g, '$1')
    else if (!add(decodeURIComponent(name!), decodeURIComponent(value!))) return undefined
  }
  const sources = [new URL(request.url).searchParams]
  if (/^application\/x-www-form-urlencoded\b/i.test(request.contentType ?? '')) {
    sources.push(new URLSearchParams(request.body ?? ''))
  }
  for (const source of sources) {
    for (const [name, value] of source) if (!add(name, value)) return undefined
  }
  return { oauth, realm, parameters }
}

/** Sections 3.4.1.1 to 3.4.1.3. */
export function signatureBase(request: SignedRequest, { parameters }: ReadRequest): string {
  const url = new URL(request.url)
  const port = url.port === '' ? '' : `:${url.port}`
  const address = `${url.protocol}//${url.hostname.toLowerCase()}${port}${url.pathname}`
  const encoded = parameters.map(([name, value]) => ({ name: encode(name), value: encode(value) }))
  encoded.sort((one, other) => {
    const [first, second] =
      one.name === other.name ? [one.value, other.value] : [one.name, other.name]
    return first < second ? -1 : first > second ? 1 : 0
  })
  const text = encoded.map(({ name, value }) => `${name}=${value}`).join('&')
  return `${request.method.toUpperCase()}&${encode(address)}&${encode(text)}`
}

/** Section 3.4.2; undefined for a method that is not known. */
export function signature(
  method: string | undefined,
  base: string,
  consumerSecret: string,
  tokenSecret: string,
): string | undefined {
  const algorithm = algorithms.get(method ?? '')
  if (algorithm === undefined) return undefined
  const key = `${encode(consumerSecret)}&${encode(tokenSecret)}`
  return createHmac(algorithm, key).update(base, 'utf8').digest('base64')
}
