/** What reads the value at a JSON Pointer (RFC 6901); one that is used often is taken apart once. */
export function readerOf(pointer: string): (json: unknown) => unknown {
  const names = pointer
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
  return (json) => {
    let value = json
    for (const name of names) {
      if (!(value instanceof Object) || !Object.hasOwn(value, name)) return undefined
      if (Array.isArray(value) && name === 'length') return undefined
      value = (value as Record<string, unknown>)[name]
    }
    return value
  }
}
