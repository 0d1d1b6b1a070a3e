import { errors } from 'undici'
import { Stackless } from '../http/stackless.ts'

/** What can end a request without an answer. A closed set that callers may switch on. */
export const failureKinds = [
  'forbidden', // the policy does not let us go there
  'unsendable', // no valid HTTP request can be made of it
  'name', // the host has no address, or its name server does not answer
  'refused', // nothing listens on that port
  'unreachable', // no way to the address
  'proxy', // the egress proxy fails or refuses us
  'tls', // certificate or handshake
  'reset', // the connection broke before the answer was complete
  'late', // the deadline passed
  'too-large', // more than `maxBytes`
  'malformed', // not HTTP, or an encoding that can't be read
  'redirect', // too many, in a circle, or to nowhere
  'aborted', // the caller gave up, or the service is stopping
] as const

export type FailureKind = (typeof failureKinds)[number]

/**
 * A request that got no answer. `message` is a sentence for people that says what to do, and
 * holds no header, path, query or credential; it has no `cause`, for that might. `code` is the
 * system's or the library's word for it, where there is one.
 */
export class EgressFailure extends Stackless {
  override readonly name = 'EgressFailure'
  readonly kind: FailureKind
  readonly code: string | undefined
  /** Of a stream: whether any of the request may have been written. */
  sent = false

  constructor(kind: FailureKind, message: string, code?: string) {
    super(message)
    this.kind = kind
    this.code = code
  }
}

/** Where a request was going. */
export interface Where {
  hostname: string
  port: number
  /** Whether our certificate was just presented there, and nothing has come back. */
  presents?: boolean
}

const retryHint = 'Try again; if it stays so, ask the vendor'

const unknownAuthority =
  'comes from an authority that is not known here, or its chain is incomplete. The operator can trust the authority with NODE_EXTRA_CA_CERTS'

const certificates: Record<string, string> = {
  CERT_HAS_EXPIRED: 'has expired. The vendor has to renew it',
  CERT_NOT_YET_VALID: 'is not valid yet. The vendor has to replace it',
  CERT_REVOKED: 'was revoked. The vendor has to replace it',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'is made out to another name. Check the host; it may be misspelt or belong to someone else',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'is self-signed. The operator can trust it with NODE_EXTRA_CA_CERTS',
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
}

const nameless = new Set<string | undefined>(['ENOTFOUND', 'ENODATA', 'EBADNAME', undefined])

/** For a host whose look-up failed with `error`; undefined: it ended well, without an address. */
export function nameFailure(hostname: string, error: unknown): EgressFailure {
  const code = codeOf(error)
  return nameless.has(code)
    ? new EgressFailure(
        'name',
        `No address is known for ${hostname}. Check the host's spelling.`,
        code,
      )
    : new EgressFailure(
        'name',
        `The address of ${hostname} can't be found out now. ${retryHint}.`,
        code,
      )
}

/** For an address that could not be connected to. */
export function connectFailure({ hostname, port }: Where, error: unknown): EgressFailure {
  const code = codeOf(error)
  return code === 'ECONNREFUSED'
    ? new EgressFailure(
        'refused',
        `${hostname} refuses connections on port ${port}. Check the host and the port.`,
        code,
      )
    : new EgressFailure(
        'unreachable',
        `${hostname} can't be reached on port ${port}. Check the host, the port and whether a firewall stands between.`,
        code,
      )
}

/** For a handshake that failed: says what is wrong with the certificate, where it is that. */
export function tlsFailure(where: Where, error: unknown): EgressFailure {
  const { hostname, port } = where
  const code = codeOf(error)
  const certificate = certificates[code ?? '']
  if (certificate) {
    return new EgressFailure('tls', `The certificate of ${hostname} ${certificate}.`, code)
  }
  const refused = refusedClient(where, code)
  if (refused) return new EgressFailure('tls', refused, code)
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return new EgressFailure(
      'tls',
      `${hostname} does not speak TLS on port ${port}. Check the port.`,
      code,
    )
  }
  const word = code === undefined ? '' : ` (${code})`
  const doubt = where.presents ? ' It may not accept the client certificate.' : ''
  return new EgressFailure(
    'tls',
    `${hostname} and we can't agree on a secure connection on port ${port}${word}.${doubt} ${retryHint}.`,
    code,
  )
}

/** The alerts of RFC 8446, section 6.2, that are about the certificate of the client. */
const clientAlerts: Record<string, string> = {
  BAD_CERTIFICATE: 'is not acceptable to it',
  UNSUPPORTED_CERTIFICATE: 'is of a kind that it does not take',
  CERTIFICATE_REVOKED: 'was revoked',
  CERTIFICATE_EXPIRED: 'has expired, or is not valid yet',
  CERTIFICATE_UNKNOWN: 'is not acceptable to it',
  UNKNOWN_CA: 'comes from an authority that it does not know, or lacks its chain',
  ACCESS_DENIED: 'is known to it, but has no access',
  DECRYPT_ERROR: 'does not fit its key',
}

/** What a server says by an alert, if it is about our certificate, or that we have none. */
function refusedClient(where: Where, code: string | undefined): string | undefined {
  const { hostname, presents = false } = where
  const [, alert = ''] = /ALERT_(\w+)$/.exec(code ?? '') ?? []
  if (alert === 'CERTIFICATE_REQUIRED') {
    return `${hostname} asks for a client certificate. Give one that the vendor knows.`
  }
  // How TLS 1.2 says that it wants one, among other things.
  if (alert === 'HANDSHAKE_FAILURE') {
    return `${hostname} refuses our handshake. It may ask for ${presents ? 'another' : 'a'} client certificate, or for ciphers that are no longer safe.`
  }
  const reason = presents && clientAlerts[alert]
  return reason
    ? `${hostname} does not accept the client certificate: it ${reason}. Check which certificate the vendor expects.`
    : undefined
}

/** What ended an exchange whose connection stood; `answered` tells that its headers had come. */
export function exchangeFailure(where: Where, error: Error, answered: boolean): EgressFailure {
  if (error instanceof EgressFailure) return error
  const code = codeOf(error)
  const { hostname } = where
  if (code?.startsWith('ERR_SSL_')) return tlsFailure(where, error)
  if (error instanceof errors.HeadersOverflowError) {
    return new EgressFailure(
      'malformed',
      `${hostname} answers with too many headers. Ask the vendor.`,
      code,
    )
  }
  if (isBabble(error, answered)) {
    return new EgressFailure(
      'malformed',
      `${hostname} does not answer in proper HTTP. Check the host and the port.`,
      code,
    )
  }
  // Once TLS 1.3 has let them see a certificate that they don't want, some close without a word.
  const doubt = where.presents ? ' It may not accept the client certificate.' : ''
  return new EgressFailure(
    'reset',
    `${hostname} closed the connection before its answer was complete.${doubt} ${retryHint}.`,
    code,
  )
}

/** Whether an answer breaks the protocol, as against one that broke off. */
function isBabble(error: Error, answered: boolean): boolean {
  if (error instanceof errors.HTTPParserError) return !error.message.includes('Invalid EOF state')
  // The headers say a length that is no number, or the body ended before it was reached.
  if (error instanceof errors.ResponseContentLengthMismatchError) return !answered
  return error.message === 'bad response' || error.message === 'bad upgrade'
}

/** For a caller that gave up, and for a service that stops. */
export function aborted(): EgressFailure {
  return new EgressFailure('aborted', 'The request was given up before its answer came.')
}

/** For a request that was not to start any more when its turn came: `code` is `withdrawn`. */
export function withdrawn(): EgressFailure {
  return new EgressFailure('aborted', 'The request was taken back before it was sent.', 'withdrawn')
}

/** For a caller that neither sends what it announced nor takes what comes: `code` is `stalled`. */
export function stalled(): EgressFailure {
  return new EgressFailure(
    'aborted',
    'Neither the rest of the request was sent nor its answer taken in time. Send it again, without a break.',
    'stalled',
  )
}

/** For an answer that was not complete in time. */
export function late(hostname: string, deadlineMs: number): EgressFailure {
  const time = deadlineMs < 1000 ? `${deadlineMs} milliseconds` : `${deadlineMs / 1000} seconds`
  return new EgressFailure(
    'late',
    `${hostname} did not answer in full within ${time}. Try again later, or ask the vendor.`,
  )
}

/** The system's word for an error; a list of failed attempts has that of the first. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : undefined
}
