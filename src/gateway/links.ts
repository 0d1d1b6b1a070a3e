/** Where an answer came from, and how its client can come back there. */
export interface LinkPlace {
  /** The vendor's base URL, ending in a slash. */
  base: URL
  /** What was called, without what the authentication added to its query. */
  called: string
  /** The parameters that the authentication added: they may be credentials. */
  added: readonly string[]
  /** What stands for the base URL, such as `https://latchkey.example.com/proxy`. */
  mount: string
}

/** Headers whose value is one reference; `Link` holds several. */
export const referring = new Set(['location', 'content-location'])

/**
 * A reference of the vendor's as its client can follow it: through the gateway what lies below the
 * base URL, as it is what leads elsewhere. A relative one is read where it was said, as it would
 * mean something else here.
 */
export function followable(reference: string, { base, called, added, mount }: LinkPlace): string {
  const url = URL.parse(reference, called)
  if (!url || !/^https?:$/.test(url.protocol)) return reference
  if (url.origin !== base.origin) return reference
  for (const name of added) url.searchParams.delete(name)
  const below = url.pathname.startsWith(base.pathname)
  const itself = `${url.pathname}/` === base.pathname
  if (!below && !itself) return url.href
  return mount + url.href.slice(base.href.length - 1)
}

/** The references in a `Link` header (RFC 8288), each made followable. */
export function followableLinks(value: string, place: LinkPlace): string {
  return value.replace(
    /<([^<>]*)>(?=\s*(?:[;,]|$))/g,
    (_, reference: string) => `<${followable(reference, place)}>`,
  )
}

/** The names of the parameters that stand in one query and not in the other. */
export function addedParameters(unsigned: string, signed: string): string[] {
  if (unsigned === signed) return []
  const before = parametersOf(unsigned)
  return [...new Set(parametersOf(signed).keys())].filter((name) => !before.has(name))
}

function parametersOf(url: string): URLSearchParams {
  const at = url.indexOf('?')
  return new URLSearchParams(at < 0 ? '' : url.slice(at + 1))
}
