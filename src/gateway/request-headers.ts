import type { IncomingHttpHeaders } from 'node:http'
import { decideOnce } from './decide-once.ts'

/** Headers of a client that its vendor gets, by name. */
const names = new Set([
  'accept',
  'apns-topic',
  'apns-push-type',
  'apns-priority',
  'apns-expiration',
  'apns-collapse-id',
  'cache-control',
  'consistencylevel',
  'depth',
  'digest',
  'idempotency-key',
  'if',
  'lock-token',
  'mime-version',
  'overwrite',
  'pragma',
  'prefer',
  'range',
  'repr-digest',
  'revision',
  'slug',
  'soapaction',
  'timeout',
  'traceparent',
  'tracestate',
  'user-agent',
  'want-content-digest',
  'want-digest',
  'want-repr-digest',
])

/** And by how they begin or end. */
const patterns = [
  /^accept-[a-z-]+$/,
  /^content-(?!length$)[a-z0-9-]+$/,
  /^if-[a-z-]+$/,
  /^odata-[a-z-]+$/,
  // Which release of its API is meant: Notion-Version, Stripe-Version, Api-Version.
  /^[a-z0-9-]+-version$/,
  // On whose behalf, of those whom the credentials may act for: Xero-Tenant-Id, Stripe-Account.
  /^[a-z0-9-]+-(?:account|tenant|organization|workspace|team)(?:-id)?$/,
  /^(?:dropbox-api|sforce|intuit|shopify|square|zuora|graphql|apollo|bulk|ms)-[a-z0-9-]+$/,
  // But what tells of proxies, and of where a client is.
  /^x-(?!forwarded|original|rewrite|real-ip|client-ip|cluster-client-ip|true-client|envoy-|amzn-trace|latchkey|proxy|accel|sendfile|middleware)[a-z0-9_.-]+$/,
]

/** Those that no vendor gets, whatever a pattern or a definition says. */
const never =
  /^(?:authorization|cookie2?|host|forwarded|via|expect|origin|referer|connection|keep-alive|te|trailer|transfer-encoding|upgrade|content-length|elements-.*|proxy-.*|sec-.*|x-forwarded.*|x-http-host.*)$/

/** Whether a client's header of that name, in lower case, goes on to the vendor. */
export const isHandedOn = decideOnce(
  2_000,
  (name) =>
    !never.test(name) && (names.has(name) || patterns.some((pattern) => pattern.test(name))),
)

/**
 * What the vendor gets of a client's headers, repeats joined. `named` are those besides that the
 * element's definition names.
 */
export function handOn(
  given: IncomingHttpHeaders,
  named: ReadonlySet<string> | undefined,
): Record<string, string> {
  const headers: Record<string, string> = {}
  const dropped = connectionOptions(given.connection)
  for (const name in given) {
    if (!isHandedOn(name) && (!named?.has(name) || never.test(name))) continue
    if (dropped?.has(name)) continue
    const value = given[name]
    headers[name] = typeof value === 'string' ? value : value!.join(', ')
  }
  const { prefer } = headers
  if (prefer !== undefined) {
    const rest = withoutAsync(prefer)
    if (rest === '') delete headers.prefer
    else headers.prefer = rest
  }
  return headers
}

/** RFC 9110, section 7.6.1: these headers were meant for us alone. */
function connectionOptions(connection: string | undefined): Set<string> | undefined {
  if (connection === undefined) return undefined
  if (connection === 'keep-alive' || connection === 'close') return undefined
  return new Set(connection.split(',').map((option) => option.trim().toLowerCase()))
}

/** RFC 7240, section 4.1: to answer later is what we do, not the vendor. */
function withoutAsync(prefer: string): string {
  return prefer
    .split(',')
    .map((preference) => preference.trim())
    .filter((preference) => preference !== '' && !/^respond-async\b/i.test(preference))
    .join(', ')
}
