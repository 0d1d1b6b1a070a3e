import type { Element, Entry } from '../definition/element.ts'
import { refuseConfiguration } from '../definition/refuse.ts'
import { findValueFault } from '../definition/value.ts'
import { baseUrlOf } from '../exchange/address.ts'
import type { Values } from '../exchange/request.ts'
import { applyFilters, RenderError } from '../exchange/template.ts'
import { createScrub } from '../probe/scrub.ts'

const maxLength = 8192

/**
 * The entries that the redirect tells, checked as if they had been given.
 * @param secrets what must not be among them, since they are answered
 * @throws {Refusal} naming all parameters that are missing, or cannot be used
 */
export function readTold(
  { entries }: Pick<Element, 'entries'>,
  { fromRedirect = {} }: { fromRedirect?: Record<string, string> },
  parameters: Record<string, unknown>,
  secrets: string[],
): Values {
  const told = new Map<string, string>()
  const missing: { key: string; name: string }[] = []
  const invalid: { key: string; reason: string }[] = []
  const scrub = createScrub(secrets)
  for (const [key, parameter] of Object.entries(fromRedirect)) {
    const entry = entries.find((one) => one.key === key)!
    const given = Object.hasOwn(parameters, parameter) ? parameters[parameter] : undefined
    const place = { key: `providerData.${parameter}` }
    if (given === undefined || given === null || given === '') {
      missing.push({ ...place, name: entry.name })
      continue
    }
    try {
      const text = readOne(entry, given)
      if (!entry.secret && scrub(text, text.length) !== text) {
        throw new RenderError(key, 'holds a secret, which everyone could read')
      }
      told.set(key, text)
    } catch (error) {
      if (!(error instanceof RenderError)) throw error
      invalid.push({ ...place, reason: error.message })
    }
  }
  if (missing.length + invalid.length === 0) return told
  throw refuseConfiguration({ missing, invalid, unknown: [] })
}

/** @throws {RenderError} for what can't be a value of the entry */
function readOne(entry: Entry, given: unknown): string {
  if (!['string', 'number', 'boolean'].includes(typeof given)) {
    throw new RenderError(entry.key, 'must be a string')
  }
  const value = given as string | number | boolean
  if (String(value).length > maxLength) throw new RenderError(entry.key, 'is too long')
  const trimmed = entry.secret ? String(value) : String(value).trim()
  const text = applyFilters(trimmed, entry.normalise?.split('|') ?? [], entry.key)
  const fault = findValueFault(entry, value, text)
  if (fault) throw new RenderError(entry.key, fault)
  // What a redirect tells must not lead anywhere that the definition does not allow.
  if (entry.type === 'url') {
    baseUrlOf({ baseUrl: `{${entry.key}}`, entries: [entry] }, new Map([[entry.key, text]]))
  }
  return text
}
