import { applyFilters, RenderError, secretMask } from '../exchange/template.ts'
import { isComputed } from './computed.ts'
import type { CheckedConfiguration, Scalar } from './configuration.ts'
import type { Element, Entry } from './element.ts'
import { universalEntry } from './universal.ts'
import { sortOutUnknown } from './unknown.ts'
import { findValueFault } from './value.ts'

/** Behind the key of an entry for certificates: what opens the file that was given there. */
const passphraseSuffix = '.passphrase'

type Given = string | number | boolean

/** What is known of a configuration while it is read. */
interface Reading {
  checked: CheckedConfiguration
  /** The entries of the authentication that is used. */
  used: readonly Entry[]
  given: Record<string, Scalar>
  values: Map<string, string>
  taken: Map<string, { value: Given; spelling: string }>
}

/** Sorts given values by the entries that they are for, whatever of their names they go by. */
export function takeGiven(
  element: Element,
  used: readonly Entry[],
  given: Record<string, Scalar>,
  checked: CheckedConfiguration,
): { values: Map<string, string>; taken: ReadonlyMap<string, { value: Given }> } {
  const entries = new Map<string, Entry>()
  for (const entry of element.entries) {
    for (const key of [entry.key, ...(entry.aliases ?? [])]) entries.set(key, entry)
  }
  const reading: Reading = { checked, used, given, values: new Map(), taken: new Map() }
  for (const [key, value] of Object.entries(given)) {
    const own = entries.get(key)
    const entry = own ?? universalEntry(key)
    if (entry && value !== null && value !== '') {
      try {
        take(reading, entry, key, value, !own || used.includes(own))
      } catch (error) {
        if (!(error instanceof RenderError)) throw error
        checked.invalid.push({ key: error.key, reason: error.message })
      }
    } else if (!entry && !isPassphrase(key, entries)) {
      sortOutUnknown(key, [...entries.keys()], checked)
    }
  }
  return reading
}

function take(reading: Reading, entry: Entry, spelling: string, value: Given, isUsed: boolean) {
  const { checked, taken, given, values } = reading
  const before = taken.get(entry.key)
  if (before) {
    if (textOf(entry, before.value) === textOf(entry, value)) return
    const reason = `is another name of "${before.spelling}", which is given with another value: keep one`
    checked.invalid.push({ key: spelling, reason })
    return
  }
  taken.set(entry.key, { value, spelling })
  if (!isUsed) {
    const message = 'is for another type of authentication and was left out'
    checked.warnings.push({ key: entry.key, message })
  } else if (entry.type === 'certificate') {
    takeCertificate(entry.key, value, given[spelling + passphraseSuffix], checked)
  } else if (!isComputed(entry)) {
    takeValue(entry, value, checked, values)
  }
}

function isPassphrase(key: string, entries: Map<string, Entry>): boolean {
  const owner = key.endsWith(passphraseSuffix) && key.slice(0, -passphraseSuffix.length)
  return owner !== false && entries.get(owner)?.type === 'certificate'
}

function takeCertificate(
  key: string,
  value: Given,
  passphrase: Scalar | undefined,
  checked: CheckedConfiguration,
) {
  if (/^[1-9]\d{0,15}$/.test(String(value))) {
    checked.plain[key] = Number(value)
    checked.certificates.set(key, { id: Number(value) })
  } else if (typeof value !== 'string' || value === secretMask) {
    const reason = 'must be the id of a certificate, or the file itself: PEM, or PKCS#12 in base64'
    checked.invalid.push({ key, reason })
  } else {
    const opens = typeof passphrase === 'string' && { passphrase }
    checked.certificates.set(key, { file: value, ...opens })
  }
}

function takeValue(
  entry: Entry,
  value: Given,
  checked: CheckedConfiguration,
  values: Map<string, string>,
) {
  const text = textOf(entry, value)
  const reason = findValueFault(entry, value, text)
  if (reason) {
    checked.invalid.push({ key: entry.key, reason })
    return
  }
  values.set(entry.key, text)
  if (entry.secret) checked.secrets.set(entry.key, String(value))
  else checked.plain[entry.key] = value
  if (entry.inert && String(value) !== 'false') {
    checked.warnings.push({ key: entry.key, message: 'is kept, but has no effect yet' })
  }
}

/** As it goes into requests: what surrounds a secret may belong to it. */
function textOf({ key, secret, normalise }: Entry, value: Given): string {
  const text = secret ? String(value) : String(value).trim()
  return normalise ? applyFilters(text, normalise.split('|'), key) : text
}
