import type { Authentication } from '../authentication/authentication.ts'
import type { Context } from '../context.ts'
import {
  type CheckedConfiguration,
  checkConfiguration,
  isFor,
  type Scalar,
} from '../definition/configuration.ts'
import type { Element } from '../definition/element.ts'
import { refuseConfiguration } from '../definition/refuse.ts'
import { baseUrlOf } from '../exchange/address.ts'
import type { Values } from '../exchange/request.ts'
import { RenderError, secretMask } from '../exchange/template.ts'
import type { Refusal } from '../http/errors.ts'
import { originsOf } from '../probe/request.ts'
import { toldAmong } from './connection.ts'
import type { StoredSecret } from './connection-store.ts'
import { findUnmade } from './fit.ts'
import { openKept, secretsRequired } from './kept.ts'

/** What is stored of an instance beneath a request that changes it. */
export interface Beneath {
  organizationId: number
  id: number
  /** What the request keeps, by entry: plain values, and stars for secrets. */
  kept: Record<string, Scalar>
  /** What the vendor told, and what was derived. */
  computed: Values
  secrets: readonly StoredSecret[]
}

/** Beneath a request, with its secrets. */
export interface Opened {
  given: Record<string, Scalar>
  /** What the vendor told before. */
  told: Values
  /** Secrets that are kept, by entry. */
  secrets: Values
  /** The same, sealed. */
  kept: StoredSecret[]
}

/**
 * Opens the secrets that a request keeps, for where they would go with all that it gives.
 * @throws {Refusal} `secrets-required`, naming each that was not given for that
 */
export async function openBeneath(
  context: Pick<Context, 'vault'>,
  element: Element,
  authentication: Authentication,
  beneath: Beneath,
  above: { given: Record<string, Scalar>; app: Record<string, Scalar>; told: Values },
): Promise<Opened> {
  const { entries } = element
  const used = entries.filter((entry) => isFor(entry, authentication))
  const foreign = new Set(entries.filter((entry) => !used.includes(entry)).map(({ key }) => key))
  const below = Object.entries(beneath.kept).filter(([key]) => !foreign.has(key))
  const merged: Record<string, Scalar> = { ...Object.fromEntries(below), ...above.given }
  const isKept = (key: string) => merged[key] === secretMask
  const isTold = (key: string) => used.some((entry) => entry.key === key && entry.discovered)
  const kept = beneath.secrets.filter(({ entry }) => isKept(entry) || isTold(entry))

  const closed = new Set(kept.map(({ entry }) => entry))
  const plain = Object.fromEntries(Object.entries(merged).filter(([key]) => !closed.has(key)))
  const checked = checkConfiguration(element, authentication, { ...plain, ...above.app })
  const unmade = findUnmade(element, closed)
  const stored = used
    .filter((entry) => entry.discovered || unmade.has(entry))
    .flatMap(({ key }) => (beneath.computed.has(key) ? [[key, beneath.computed.get(key)!]] : []))
  const known = new Map([...checked.values, ...(stored as [string, string][]), ...above.told])
  const origins = originsOf(element, authentication, known)
  if (origins.length === 0 && kept.length > 0) throw refuseNowhere(element, checked, kept, known)
  const secrets = await openKept(context, beneath, element, kept, origins)

  const told = new Map(toldAmong(element, secrets))
  for (const { key, discovered } of used) {
    const before = discovered ? beneath.computed.get(key) : undefined
    if (before !== undefined) told.set(key, before)
  }
  const own = [...secrets].filter(([key]) => !isTold(key))
  const texts = own.map(([key, secret]) => [key, asGiven(element, key, secret)] as const)
  return { given: { ...plain, ...Object.fromEntries(texts) }, told, secrets, kept }
}

/** Where it leads nowhere, nothing can be opened, and what keeps it from that is told. */
function refuseNowhere(
  element: Element,
  { missing, invalid, unknown }: CheckedConfiguration,
  kept: readonly StoredSecret[],
  known: Values,
): Refusal {
  const closed = new Set(kept.map(({ entry }) => entry))
  const lacking = missing.filter(({ key }) => !closed.has(key))
  const faults = [...invalid]
  try {
    baseUrlOf(element, known)
  } catch (error) {
    if (!(error instanceof RenderError)) throw error
    const { key, message: reason } = error
    const isKnown = [...lacking, ...faults].some((fault) => fault.key === key)
    if (!isKnown && known.has(key)) faults.push({ key, reason })
  }
  if (lacking.length + faults.length + unknown.length === 0) return secretsRequired(element, kept)
  return refuseConfiguration({ missing: lacking, invalid: faults, unknown })
}

/** A certificate's file is kept as what was read of it. */
export function asGiven({ entries }: Element, key: string, secret: string): string {
  if (entries.find((entry) => entry.key === key)?.type !== 'certificate') return secret
  const { certificate, key: privateKey } = JSON.parse(secret)
  return `${certificate}\n${privateKey}`
}
