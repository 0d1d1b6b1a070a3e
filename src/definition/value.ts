import type { RE2JS } from 're2js'
import { secretMask } from '../exchange/template.ts'
import type { Entry } from './element.ts'
import { compilePattern } from './pattern.ts'

const patterns = new WeakMap<Entry, RE2JS>()

/** Why a value can't be what the entry asks for; `text` is what would go into requests. */
export function findValueFault(
  entry: Entry,
  value: string | number | boolean,
  text: string,
): string | undefined {
  const { type, options } = entry
  const given = String(value)
  if (entry.secret && given === secretMask) {
    return 'is the mask that stands for a stored secret: send the secret itself'
  }
  if (typeof value === 'number' && type !== 'number' && !Number.isSafeInteger(value)) {
    return 'is a number that JSON may have changed: send it as a string, in quotes'
  }
  if (type === 'url' && /^([a-z][a-z0-9+.-]*:)?\/*[^/?#]*@/i.test(given)) {
    return 'must not hold a user name or password'
  }
  if (type === 'boolean' && !/^(true|false)$/.test(given)) return 'must be true or false'
  if (type === 'number' && (given.trim() === '' || !Number.isFinite(Number(given)))) {
    return 'must be a number'
  }
  if (!given.isWellFormed()) return 'is not well-formed Unicode'
  const control = type === 'textarea' ? /[^\P{Cc}\t\n\r]/u : /\p{Cc}/u
  if (control.test(given)) return 'has a line break or another control character in it'
  if (options && !options.some((option) => option.value === text)) {
    return `must be one of ${options.map((option) => `"${option.value}"`).join(', ')}`
  }
  if (entry.pattern && !patternOf(entry, entry.pattern)?.matches(text)) {
    const example = entry.placeholder ? `, such as "${entry.placeholder}"` : ''
    return `does not have the form that is wanted${example}`
  }
  return undefined
}

/** What somebody types has to match it as it is; null where it is rewritten before it is judged. */
export function typedPattern({ pattern, normalise }: Entry): string | null {
  return normalise === undefined ? (pattern ?? null) : null
}

function patternOf(entry: Entry, pattern: string): RE2JS | undefined {
  const made = patterns.get(entry) ?? compilePattern(pattern)
  if (made) patterns.set(entry, made)
  return made
}
