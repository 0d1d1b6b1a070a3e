import { createHash } from 'node:crypto'

type Filter = (text: string) => string

/** What a definition may do to a value on its way into a template; each takes time that grows with it. */
const filters: Record<string, (...given: string[]) => Filter> = {
  trim: () => (text) => text.trim(),
  lower: () => (text) => text.toLowerCase(),
  upper: () => (text) => text.toUpperCase(),
  /** `replace:-:_` */
  replace:
    (part = '', by = '') =>
    (text) =>
      part === '' ? text : text.replaceAll(part, () => by),
  /** Up to the first such part; all of it where there is none. */
  before:
    (part = '') =>
    (text) =>
      part === '' ? text : text.split(part, 1)[0]!,
  /** Behind the last such part; all of it where there is none. */
  after:
    (part = '') =>
    (text) =>
      part === '' ? text : text.split(part).at(-1)!,
  /** Of `https://shop.example.com/admin` what names the host; of a host itself, too. */
  host: () => (text) => /^(?:[a-z][a-z0-9+.-]*:)?(?:\/\/)?([^/?#\\]*)/i.exec(text.trim())![1]!,
  base64: () => (text) => Buffer.from(text, 'utf8').toString('base64'),
  md5: () => (text) => createHash('md5').update(text).digest('hex'),
  sha256: () => (text) => createHash('sha256').update(text).digest('hex'),
}

const counts: Record<string, number> = { replace: 2, before: 1, after: 1 }

/** The filter that `lower` or `replace:-:_` names; undefined where there is none such. */
export function filterOf(written: string): Filter | undefined {
  const [name = '', ...given] = written.split(':')
  if (!Object.hasOwn(filters, name) || given.length !== (counts[name] ?? 0)) return undefined
  return filters[name]!(...given)
}

export const filterNames = Object.keys(filters)
