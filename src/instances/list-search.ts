import type { Db } from '../database/database.ts'
import type { InstanceFilters, SoughtText, Window } from './list-query.ts'
import { listIds, listNamed, lookThrough } from './list-store.ts'

/** How many are looked through first: as few as cost no more than the index of names does. */
const glance = 20
/** How many where that has found some, but no page of them. */
const nearby = 500
/** How many where as many again and again would be a page; else an index of names is asked. */
const farther = 10_000
/** How many the index may find: of more, a page is found sooner by looking for it. */
const few = 2000
/** Of fewer characters the index knows nothing. */
const shortest = 3

/**
 * The ids of those that a text leads to. What is often found is found nearby, what is rare by the
 * index of names; so neither costs what all instances would.
 */
export async function searchIds(
  db: Db,
  filters: InstanceFilters & { text: SoughtText },
  window: Window,
): Promise<number[]> {
  const { after, limit } = window
  for (const seen of [glance, nearby, farther]) {
    const { ids, complete } = await lookThrough(db, filters, { ...window, seen })
    if (complete || ids.length >= limit) return ids
    if ((ids.length * farther) / seen < limit) break
  }
  if ([...filters.text.text].length < shortest) return listIds(db, filters, window)
  const named = await listNamed(db, filters, few + 1)
  if (named.length > few) return listIds(db, filters, window)
  const { text, ...others } = filters
  const elementIds = text.elementIds.filter((id) => others.elementIds?.includes(id) ?? true)
  const ofElements =
    elementIds.length === 0 ? [] : await listIds(db, { ...others, elementIds }, window)
  const all = new Set([...named.filter((id) => id > after), ...ofElements])
  return [...all].sort((one, other) => one - other).slice(0, limit)
}
