import { type Authentication, keyOf } from '../authentication/authentication.ts'
import type { Values } from '../exchange/request.ts'
import { secretMask } from '../exchange/template.ts'
import { completeValues } from './computed.ts'
import type { Element, Entry } from './element.ts'
import { takeGiven } from './given.ts'

export type Scalar = string | number | boolean | null

export interface Warning {
  key: string
  message: string
}

/** A certificate that an entry names, or brings along: PEM, or PKCS#12 in base64. */
export type GivenCertificate = { id: number } | { file: string; passphrase?: string }

/** A configuration that was given for an element, sorted out; it is usable where nothing is wrong. */
export interface CheckedConfiguration {
  /** What was given or derived and is no secret, under the element's own keys. */
  plain: Record<string, Scalar>
  /** What was given and is secret. */
  secrets: Map<string, string>
  certificates: Map<string, GivenCertificate>
  /** All of it, defaults, constants and derived values too, as the text that goes into requests. */
  values: Values
  /** Which of the values must not be shown. */
  secretKeys: Set<string>
  missing: { key: string; name: string }[]
  invalid: { key: string; reason: string }[]
  unknown: { key: string; nearest: string }[]
  warnings: Warning[]
}

/** Finds everything that is missing, invalid or unknown in one go; no order of entries matters. */
export function checkConfiguration(
  element: Element,
  authentication: Authentication,
  given: Record<string, Scalar>,
): CheckedConfiguration {
  const checked: CheckedConfiguration = {
    plain: {},
    secrets: new Map(),
    certificates: new Map(),
    values: new Map(),
    secretKeys: new Set(),
    missing: [],
    invalid: [],
    unknown: [],
    warnings: [],
  }
  const used = element.entries.filter((entry) => isFor(entry, authentication))
  const { taken, values: read } = takeGiven(element, used, given, checked)
  for (const entry of used) {
    const value = taken.get(entry.key)?.value ?? entry.default
    const refused = checked.invalid.some((invalid) => invalid.key === entry.key)
    const asked = entry.required && !entry.hidden && !refused
    if (asked && (value === undefined || String(value).trim() === '')) {
      checked.missing.push({ key: entry.key, name: entry.name })
    }
  }
  const { values, derived, faults } = completeValues(used, read)
  checked.values = values
  checked.invalid.push(...faults)
  Object.assign(checked.plain, derived)
  for (const { key, secret } of used) if (secret) checked.secretKeys.add(key)
  for (const key of checked.secrets.keys()) checked.secretKeys.add(key)
  return checked
}

/** Every entry that the element shows: given, default, or null; secrets as stars. */
export function showConfiguration(
  element: Element,
  plain: Record<string, Scalar>,
  secretKeys: Iterable<string>,
): Record<string, Scalar> {
  const shown: Record<string, Scalar> = {}
  for (const { key, hidden, ...entry } of element.entries) {
    if (!hidden) shown[key] = entry.constant ?? entry.default ?? null
  }
  Object.assign(shown, plain)
  for (const key of secretKeys) shown[key] = secretMask
  return shown
}

/** Whether an authentication has a use for an entry. */
export function isFor(entry: Entry, authentication: Authentication): boolean {
  return !entry.authentications || entry.authentications.includes(keyOf(authentication))
}
