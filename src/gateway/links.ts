/** Where an answer came from, and how its client can come back there. */
export interface LinkPlace {
  /** The vendor's base URL, ending in a slash. */
  base: URL
  /** What was called, without what the authentication added to its query. */
  called: string
  /** What the authentication added: it may be credentials. */
  added: AddedParameters
  /** What stands for the base URL, such as `https://latchkey.example.com/proxy`. */
  mount: string
}

export interface AddedParameters {
  /** Of those that were not sent without it. */
  names: readonly string[]
  /** All of them, decoded, as `name=value`. */
  pairs: ReadonlySet<string>
}

/** Headers whose value is one reference; `Link` holds several. */
export const referring = new Set(['location', 'content-location'])

/**
 * A reference of the vendor's as its client can follow it: through the gateway what lies below the
 * base URL, as it is what leads elsewhere. A relative one is read where it was said, as it would
 * mean something else here.
 */
export function followable(said: string, { base, called, added, mount }: LinkPlace): string {
  const reference = withoutPairs(said, added.pairs)
  const url = URL.parse(reference, called)
  if (!url || !/^https?:$/.test(url.protocol)) return reference
  if (url.origin !== base.origin) return reference
  for (const name of added.names) url.searchParams.delete(name)
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

/** The parameters that stand in one query and not in the other. */
export function addedParameters(unsigned: string, signed: string): AddedParameters {
  if (unsigned === signed) return nothing
  const before = parametersOf(unsigned)
  const added = [...parametersOf(signed)].filter(([name, value]) => !before.has(name, value))
  const names = new Set(added.map(([name]) => name).filter((name) => !before.has(name)))
  return { names: [...names], pairs: new Set(added.map((parameter) => parameter.join('='))) }
}

const nothing: AddedParameters = { names: [], pairs: new Set() }

function parametersOf(url: string): URLSearchParams {
  const at = url.indexOf('?')
  return new URLSearchParams(at < 0 ? '' : url.slice(at + 1))
}

/** All else stays as it is written, wherever it leads. */
function withoutPairs(reference: string, pairs: ReadonlySet<string>): string {
  if (pairs.size === 0) return reference
  const holds = (parameter: string) =>
    [parameter, parameter.replaceAll('+', '%2B')].some((one) =>
      [...new URLSearchParams(one)].some((pair) => pairs.has(pair.join('='))),
    )
  const left = reference.replace(/([?&#])([^?&#=]*=[^&#]*)/g, (whole, mark, parameter) =>
    holds(parameter) ? mark : whole,
  )
  if (left === reference) return reference
  return left
    .replace(/&{2,}/g, '&')
    .replace(/([?#])&/g, '$1')
    .replace(/&(?=#|$)/g, '')
}
