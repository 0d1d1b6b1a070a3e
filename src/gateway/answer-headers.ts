import { decideOnce } from './decide-once.ts'

/** What belongs to the connection with the vendor (RFC 9110, section 7.6.1). */
const ofConnection = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]

/** What would be said of our origin in the place of the vendor's. */
const ofOrigin = [
  'alt-svc',
  'clear-site-data',
  'content-security-policy',
  'content-security-policy-report-only',
  'expect-ct',
  'nel',
  'origin-agent-cluster',
  'public-key-pins',
  'public-key-pins-report-only',
  'report-to',
  'reporting-endpoints',
  'service-worker-allowed',
  'set-cookie',
  'set-cookie2',
  'strict-transport-security',
  'x-content-type-options',
]

const kept = new Set([...ofConnection, ...ofOrigin])

/** Whether a header of a vendor's answer stays with us, whatever its case. */
export const staysHere = decideOnce(5_000, (name) => {
  const lower = name.toLowerCase()
  return kept.has(lower) || lower.startsWith('elements-') || lower.startsWith('access-control-')
})

/** Those that the vendor's `Connection` names; undefined where it names nothing of interest. */
export function namedByConnection(
  connection: string | string[] | undefined,
): Set<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') {
    return undefined
  }
  const options = String(connection).split(',')
  return new Set(options.map((option) => option.trim().toLowerCase()))
}

/** Whether a field may come after the body (RFC 9110, section 6.5.1). */
export function mayTrail(name: string): boolean {
  return !staysHere(name) && !/^(?:content-|trailer$|location$|host$|age$|date$|vary$)/i.test(name)
}
