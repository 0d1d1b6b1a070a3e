import type { Scalar } from '../definition/configuration.ts'
import type { Element } from '../definition/element.ts'
import { secretMask } from '../exchange/template.ts'

/** What was given before, without the entries that are given now by whatever of their names. */
export function givenBesides(
  element: Pick<Element, 'entries'>,
  before: Record<string, Scalar>,
  now: Record<string, Scalar>,
): Record<string, Scalar> {
  const kept = Object.entries(before).filter(
    ([key]) => !namesOf(element, key).some((name) => isGiven(now, name)),
  )
  return Object.fromEntries(kept)
}

/** The value of an entry as text, by whatever of its names it is given. */
export function givenFor(
  element: Pick<Element, 'entries'>,
  key: string,
  given: Record<string, Scalar>,
): string | undefined {
  const name = namesOf(element, key).find((one) => isGiven(given, one))
  return name === undefined ? undefined : String(given[name])
}

function namesOf({ entries }: Pick<Element, 'entries'>, key: string): string[] {
  const entry = entries.find((one) => one.key === key || one.aliases?.includes(key))
  return entry ? [entry.key, ...(entry.aliases ?? [])] : [key]
}

/** A secret of stars stands for the one that was given before. */
function isGiven(given: Record<string, Scalar>, name: string): boolean {
  const value = Object.hasOwn(given, name) ? given[name] : null
  return value !== undefined && value !== null && value !== '' && value !== secretMask
}
