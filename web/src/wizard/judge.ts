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
  return undefined
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
