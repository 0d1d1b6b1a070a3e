import { placeholdersIn } from '../exchange/template.ts'

/** The entry to name where all that a template makes is no good. */
export function entryIn(template: string): string {
  return placeholdersIn(template)[0] ?? 'authentication'
}
