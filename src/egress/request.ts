import { EgressFailure } from './failure.ts'

/** What we present in TLS where the vendor asks for it (RFC 8446, section 4.4.2). */
export interface ClientCertificate {
  /** PEM: the leaf, then its chain. */
  certificate: string
  /** PEM, PKCS#8. */
  key: string
  /** SHA-256 of the leaf. */
  fingerprint: string
  /** On whose behalf, such as `instance/12`: connections never serve another. */
  identity: string
}

export interface EgressRequest {
  method: string
  /** Without user name and password. A fragment is not sent. */
  url: URL
  /** What belongs to the connection (`host`, `content-length`, …) is left out. */
  headers: Record<string, string>
  body?: string | Buffer
  /** For everything together, from now to the last byte; 10 seconds. */
  deadlineMs?: number
  /** Of the body, after decompression; 1 MiB. */
  maxBytes?: number
  signal?: AbortSignal
  clientCertificate?: ClientCertificate
  /**
   * Whether it does no harm if the vendor gets this twice, which happens when it closes an idle
   * connection at the moment of use. GET, HEAD and OPTIONS are, unless said otherwise.
   */
  repeatable?: boolean
  /** `false`: a redirect is an answer like any other, wherever it leads to. */
  redirects?: boolean
}

export interface EgressAnswer {
  status: number
  /** In lower case, as the vendor sent them. */
  headers: Record<string, string | string[]>
  /** Decompressed. */
  body: Buffer
  /** The one that answered, after redirects. */
  url: URL
}

/** What belongs to the connection, and is not the caller's to say; it is left out. */
export const connectionHeaders: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i
const value = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * The headers as undici takes them, in a flat list. Checked here, since a pool that is handed a
 * request it can't write never uses that connection again. Throws an `unsendable` failure that
 * names the header and does not repeat its value.
 * @param isPlain whether the answer should not be encoded where the headers say nothing of it
 */
export function outgoingHeaders(headers: Record<string, string>, isPlain = true): string[] {
  const flat: string[] = []
  let encoded = !isPlain
  for (const [name, text] of Object.entries(headers)) {
    const lower = name.toLowerCase()
    if (connectionHeaders.has(lower)) continue
    if (!token.test(name)) throw unsendable('the name of a header')
    if (!value.test(text)) throw unsendable(`the header ${lower}`)
    if (lower === 'accept-encoding') encoded = true
    flat.push(name, text)
  }
  if (!encoded) flat.push('accept-encoding', 'identity')
  return flat
}

/** Throws where the method is none that a request may have; CONNECT would open a tunnel. */
export function checkMethod(method: string): void {
  if (!token.test(method) || method === 'CONNECT' || method === 'TRACE') {
    throw unsendable('the method')
  }
}

/** For a request of which no valid one can be made; `part` says where the fault is. */
export function unsendable(part: string): EgressFailure {
  return new EgressFailure(
    'unsendable',
    `The request can't be sent: ${part} holds something that HTTP does not allow. Check for line breaks and characters outside Latin-1.`,
  )
}
