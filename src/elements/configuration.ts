import { distance } from 'fastest-levenshtein'
import type { Values } from '../authentication/request.ts'
import { showKey } from '../http/show-key.ts'
import type { Element, Entry } from './element.ts'
import { universalEntry } from './universal.ts'

export type Scalar = string | number | boolean | null

/** What a secret reads as in every answer; sent back, it means "unchanged". */
export const secretMask = '********'

export interface Warning {
  key: string
  message: string
}

/** A configuration that was given for an element, sorted out; it is usable where nothing is wrong. */
export interface CheckedConfiguration {
  /** What was given and is no secret, under the element's own keys. */
  plain: Record<string, Scalar>
  secrets: Map<string, string>
  /** Given values and defaults, secrets included, as the text that goes into requests. */
  values: Values
  missing: { key: string; name: string }[]
  invalid: { key: string; reason: string }[]
  unknown: { key: string; nearest: string }[]
  warnings: Warning[]
}

/** Finds everything that is missing, invalid or unknown in one go; no order of entries matters. */
export function checkConfiguration(
  element: Element,
  given: Record<string, Scalar>,
): CheckedConfiguration {
  const checked: CheckedConfiguration = {
    plain: {},
    secrets: new Map(),
    values: new Map(),
    missing: [],
    invalid: [],
    unknown: [],
    warnings: [],
  }
  const entries = takeGiven(element, given, checked)
  for (const entry of element.entries) {
    const value = entries.get(entry.key) ?? entry.default
    const refused = checked.invalid.some((invalid) => invalid.key === entry.key)
    if (entry.required && !refused && (value === undefined || String(value).trim() === '')) {
      checked.missing.push({ key: entry.key, name: entry.name })
    }
  }
  return checked
}

/** Every entry that the element shows: given, default, or null; secrets as stars. */
export function showConfiguration(
  element: Element,
  plain: Record<string, Scalar>,
  secretKeys: Iterable<string>,
): Record<string, Scalar> {
  const shown: Record<string, Scalar> = {}
  for (const entry of element.entries) shown[entry.key] = entry.default ?? null
  Object.assign(shown, plain)
  for (const key of secretKeys) shown[key] = secretMask
  return shown
}

/** The known entry keys nearest to a word, the best first; only those that one may have meant. */
export function nearestKeys(word: string, keys: string[]): string[] {
  const meant = word.toLowerCase()
  return keys
    .map((key) => {
      const known = key.toLowerCase()
      const limit = Math.max(2, Math.floor(known.length / 5))
      const samePart = known.endsWith(`.${meant}`)
      // At least the difference in length: spares us from comparing what is of another size.
      const apart = Math.abs(meant.length - known.length)
      const far = apart > limit ? apart : distance(meant, known)
      return { key, far, near: far <= limit || samePart }
    })
    .filter((candidate) => candidate.near)
    .sort((one, other) => one.far - other.far)
    .map((candidate) => candidate.key)
}

function takeGiven(
  element: Element,
  given: Record<string, Scalar>,
  checked: CheckedConfiguration,
): Map<string, Scalar> {
  const entries = new Map<string, Entry>()
  for (const entry of element.entries) {
    for (const key of [entry.key, ...(entry.aliases ?? [])]) entries.set(key, entry)
  }
  const taken = new Map<string, Scalar>()
  const spelling = new Map<string, string>()
  const values = new Map<string, string>()
  for (const [key, value] of Object.entries(given)) {
    const entry = entries.get(key) ?? universalEntry(key)
    if (!entry) {
      sortOutUnknown(key, [...entries.keys()], checked)
    } else if (value !== null && value !== '') {
      const before = taken.get(entry.key)
      if (before !== undefined && textOf(entry, before) !== textOf(entry, value)) {
        checked.invalid.push({
          key,
          reason: `is another name of "${spelling.get(entry.key)}", which is given with another value: keep one`,
        })
      } else if (before === undefined) {
        takeValue(entry, value, checked, values)
        taken.set(entry.key, value)
        spelling.set(entry.key, key)
      }
    }
  }
  for (const entry of element.entries) {
    if (entry.default !== undefined && !values.has(entry.key)) {
      values.set(entry.key, String(entry.default))
    }
  }
  checked.values = values
  return taken
}

function takeValue(
  entry: Entry,
  value: string | number | boolean,
  checked: CheckedConfiguration,
  values: Map<string, string>,
) {
  const reason = findFault(entry, value)
  if (reason) {
    checked.invalid.push({ key: entry.key, reason })
    return
  }
  values.set(entry.key, textOf(entry, value))
  if (entry.secret) checked.secrets.set(entry.key, String(value))
  else checked.plain[entry.key] = value
  if (entry.inert && String(value) !== 'false') {
    checked.warnings.push({ key: entry.key, message: 'is kept, but has no effect yet' })
  }
}

/** As it goes into requests: what surrounds a secret may belong to it. */
function textOf(entry: Entry, value: Scalar): string {
  return entry.secret ? String(value) : String(value).trim()
}

function findFault(entry: Entry, value: string | number | boolean): string | undefined {
  const text = String(value)
  if (entry.secret && text === secretMask) {
    return 'is the mask that stands for a stored secret: send the secret itself'
  }
  if (typeof value === 'number' && entry.type !== 'number' && !Number.isSafeInteger(value)) {
    return 'is a number that JSON may have changed: send it as a string, in quotes'
  }
  if (entry.type === 'url' && /^([a-z][a-z0-9+.-]*:)?\/*[^/?#]*@/i.test(text)) {
    return 'must not hold a user name or password'
  }
  if (entry.type === 'boolean' && !/^(true|false)$/.test(text)) return 'must be true or false'
  if (entry.type === 'number' && (text.trim() === '' || !Number.isFinite(Number(text)))) {
    return 'must be a number'
  }
  if (!text.isWellFormed()) return 'is not well-formed Unicode'
  const control = entry.type === 'textarea' ? /[^\P{Cc}\t\n\r]/u : /\p{Cc}/u
  if (control.test(text)) return 'has a line break or another control character in it'
  return undefined
}

function sortOutUnknown(key: string, keys: string[], checked: CheckedConfiguration) {
  const [nearest] = nearestKeys(key, keys)
  const shown = showKey(key)
  if (nearest) checked.unknown.push({ key: shown, nearest })
  else
    checked.warnings.push({ key: shown, message: 'is no entry of this element and was left out' })
}
