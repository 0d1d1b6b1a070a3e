import type { Entry } from '../api/elements.ts'
import { type Filled, fieldOf } from './form.ts'

/** What can be said against a value before anybody is asked; nothing where there is nothing. */
export function judge(entry: Entry, value: string | boolean | undefined): string | undefined {
  if (typeof value === 'boolean' || entry.kind === 'boolean') return undefined
  const text = (value ?? '').trim()
  if (text === '') return entry.required ? 'This is required' : undefined
  if (entry.kind === 'certificate' || entry.options.length > 0) return undefined
  if (entry.kind === 'number' && !Number.isFinite(Number(text))) return 'This must be a number'
  if (entry.kind === 'url' && /\s/.test(text)) return 'This is no address: it has a space in it'
  if (text.length > 1024 && entry.kind !== 'textarea' && !entry.secret) {
    return 'This is longer than any value may be'
  }
  if (entry.pattern !== null && !fits(text, entry.pattern)) {
    // A kept secret's placeholder is no example of it.
    const example = entry.placeholder && !entry.secret ? `, such as "${entry.placeholder}"` : ''
    return `This does not have the form that is wanted${example}`
  }
  return undefined
}

/** What browsers can't read of RE2's syntax is left to the service to judge. */
function fits(text: string, pattern: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u').test(text)
  } catch {
    return true
  }
}

/** The faults of all fields, as the form takes them. */
export function judgeAll(entries: readonly Entry[], { values }: Filled): Record<string, string> {
  const faults: Record<string, string> = {}
  for (const entry of entries) {
    const field = fieldOf(entry)
    const fault = judge(entry, values[field])
    if (fault) faults[`values.${field}`] = fault
  }
  return faults
}
