import type { Element } from '../api/elements.ts'
import type { ProviderData } from './consent.ts'
import { type Filled, fieldOf } from './form.ts'

/** What of the form outlives the vendor's page in this tab: all that was filled in but secrets. */
export interface Resumption {
  key: string
  /** The instance that is connected anew; left out: a new one. */
  instanceId?: number
  filled: Filled
  /** What the vendor's redirect carried, once it came. */
  told?: ProviderData
}

const stored = 'latchkey.wizard'

/** Before the tab leaves for the vendor; the service keeps the secrets that the consent needs. */
export function keepWizard(
  { key, configuration }: Element,
  filled: Filled,
  instanceId: number | undefined,
) {
  const values = configuration
    .filter(({ secret, kind }) => !secret && kind !== 'password')
    .map((entry) => [fieldOf(entry), filled.values[fieldOf(entry)] ?? ''] as const)
  write({
    key,
    ...(instanceId !== undefined && { instanceId }),
    filled: { ...filled, values: Object.fromEntries(values) },
  })
}

/** On the way back: what goes on in this tab; undefined where nothing left it. */
export function resumeWizard(told: ProviderData): Resumption | undefined {
  const kept = read()
  if (!kept) return undefined
  write({ ...kept, told })
  return kept
}

/** What was kept for this element's wizard, or of this instance. It stays until `forgetWizard`. */
export function keptWizard(key: string, instanceId?: number): Resumption | undefined {
  const kept = read()
  return kept?.key === key && kept.instanceId === instanceId ? kept : undefined
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
