const limitFields = ['RateLimit', 'RateLimit-Policy']

/** A list of strings with parameters (RFC 9651, section 3.1), as far as it has to be told apart. */
const member = String.raw`"(?:[^"\\]|\\.)*"(?:\s*;\s*[a-z*][a-z\d_.*-]*(?:=(?:"(?:[^"\\]|\\.)*"|[^\s",;]+))?)*`
const list = new RegExp(`^\\s*${member}(?:\\s*,\\s*${member})*\\s*$`)

/**
 * What is told besides the vendor's headers. Limits that it tells in the same fields stand after
 * ours as members of one list (draft-ietf-httpapi-ratelimit-headers-10, section 4: each is known by
 * the name of its policy). Where it has a form of its own, such as that of an older draft, a list of
 * both could not be read: its limits go on as it sent them, and ours are left out.
 */
export function besideVendors(
  told: Record<string, string>,
  vendors: Record<string, string | string[]>,
): Record<string, string> {
  if (!('RateLimit-Policy' in told)) return told
  const sent = limitFields.filter((name) => name in told && name.toLowerCase() in vendors)
  if (sent.length === 0) return told
  const joined = { ...told }
  const isReadable = sent.every((name) => list.test(String(vendors[name.toLowerCase()])))
  if (!isReadable) for (const name of limitFields) delete joined[name]
  else for (const name of sent) joined[name] += `, ${String(vendors[name.toLowerCase()]).trim()}`
  return joined
}

/** Whether the vendor's field of that name is told in ours already. */
export function isJoined(name: string, told: Record<string, string>): boolean {
  if (!name.startsWith('ratelimit')) return false
  return limitFields.some((field) => field in told && field.toLowerCase() === name)
}
