/** JSON in the one spelling that a value has by RFC 8785, *JSON Canonicalization Scheme*. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const given = Object.entries(value).filter(([, member]) => member !== undefined)
  // By UTF-16 code units, as comparison does (section 3.2.3).
  const members = given.sort(([one], [other]) => (one < other ? -1 : 1))
  const texts = members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`)
  return `{${texts.join(',')}}`
}
