import type { Element } from '../api/elements.ts'
import type { ProviderData } from './consent.ts'
import { type Filled, fieldOf } from './form.ts'

/** What of the wizard outlives the vendor's page in this tab: all that was filled in but secrets. */
export interface Resumption {
  key: string
  filled: Filled
  /** What the vendor's redirect carried, once it came. */
  told?: ProviderData
}

const stored = 'latchkey.wizard'

/** Before the tab leaves for the vendor; the service keeps the secrets that the consent needs. */
export function keepWizard({ key, configuration }: Element, filled: Filled) {
  const values = configuration
    .filter(({ secret, kind }) => !secret && kind !== 'password')
    .map((entry) => [fieldOf(entry), filled.values[fieldOf(entry)] ?? ''] as const)
  write({ key, filled: { ...filled, values: Object.fromEntries(values) } })
}

/** On the way back: the element whose wizard goes on in this tab; undefined where none left it. */
export function resumeWizard(told: ProviderData): string | undefined {
  const kept = read()
  if (!kept) return undefined
  write({ ...kept, told })
  return kept.key
}

/** What was kept for this element's wizard. It stays until `forgetWizard`. */
export function keptWizard(key: string): Resumption | undefined {
  const kept = read()
  return kept?.key === key ? kept : undefined
}

export function forgetWizard() {
  sessionStorage.removeItem(stored)
}

function write(kept: Resumption) {
  sessionStorage.setItem(stored, JSON.stringify(kept))
}

function read(): Resumption | undefined {
  return JSON.parse(sessionStorage.getItem(stored) ?? 'null') ?? undefined
}
