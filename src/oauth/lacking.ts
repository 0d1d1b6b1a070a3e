import { isComputed } from '../definition/computed.ts'
import type { Element } from '../definition/element.ts'
import type { Values } from '../exchange/request.ts'
import { placeholdersIn } from '../exchange/template.ts'

/** The entries that templates need, directly or derived, and that have no value yet. */
export function findLacking(
  element: Pick<Element, 'entries'>,
  templates: unknown,
  values: Values,
): { key: string; name: string }[] {
  const needed = new Set(
    placeholdersIn(templates).flatMap((key) => sourcesOf(element, key, values)),
  )
  return element.entries
    .filter((entry) => needed.has(entry.key) && !isComputed(entry) && !values.get(entry.key))
    .map(({ key, name }) => ({ key, name }))
}

/** What is derived needs its sources; these stand before it, so that there is an end. */
function sourcesOf({ entries }: Pick<Element, 'entries'>, key: string, values: Values): string[] {
  const derived = entries.find((entry) => entry.key === key)?.derived
  if (derived === undefined || values.get(key)) return [key]
  return placeholdersIn(derived).flatMap((source) => sourcesOf({ entries }, source, values))
}
