/** The hosts below one, whatever their depth, by one scheme and at one port. */
const pattern =
  /^(?<scheme>https?:\/\/)\*(?<parent>(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+\.(?!\d+(?:$|:))[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)(?<port>:\d{1,5})?$/
const labels = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/

/** Whether an origin stands for all hosts below one, as `https://*.example.com` does. */
export function isOriginPattern(origin: string): boolean {
  return pattern.test(origin)
}

/**
 * Whether what is bound to these origins may go to a destination: one of them to the letter, or a
 * host below the one that a pattern names, by the same scheme and port. A destination in another
 * spelling than that of an origin (RFC 6454, section 6.2) is below nothing.
 */
export function isMeantFor(origins: readonly string[], destination: string): boolean {
  if (destination.includes('*')) return false
  return origins.some((origin) => origin === destination || isBelow(destination, origin))
}

function isBelow(destination: string, origin: string): boolean {
  const { scheme, parent, port = '' } = pattern.exec(origin)?.groups ?? {}
  if (scheme === undefined || parent === undefined) return false
  const end = parent + port
  if (!destination.startsWith(scheme) || !destination.endsWith(end)) return false
  return (
    URL.parse(destination)?.origin === destination &&
    labels.test(destination.slice(scheme.length, -end.length))
  )
}
