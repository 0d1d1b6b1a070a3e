import type { Principal } from '../access/store.ts'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { listIds } from './list-store.ts'
import { stripMarkup } from './markup.ts'

/** Some of a user's instances: one of these ways. */
export interface Choice {
  ids?: readonly number[]
  /** Those that have all of them. */
  tags?: readonly string[]
  externalIds?: readonly string[]
  all?: true
}

const pageSize = 200

/** @throws {Refusal} `body-invalid` with the ways, where none or several are taken */
export function requireOneWay({ ids, tags, externalIds, all }: Choice) {
  const ways = { ids, tags, externalIds, all }
  const taken = Object.values(ways).filter((way) => way !== undefined)
  if (taken.length === 1) return
  throw new Refusal('body-invalid', {
    message:
      'Say which instances, in one way: "ids", "tags", "externalIds", or "all": true for all of yours.',
    choices: Object.keys(ways),
  })
}

/** The ids of those that are chosen, some at a time; whether there are such is not asked of `ids`. */
export async function* chosenIds(
  { db }: Pick<Context, 'db'>,
  { organizationId, user }: Principal,
  { ids, tags = [], externalIds }: Choice,
): AsyncGenerator<number> {
  if (ids) {
    yield* new Set(ids)
    return
  }
  const owned = { organizationId, userId: user.id, tags: [...new Set(tags.map(stripMarkup))] }
  const every = externalIds ? [...new Set(externalIds)] : [undefined]
  for (const externalId of every) {
    let after = 0
    for (;;) {
      const page = await listIds(db, { ...owned, externalId }, { after, limit: pageSize })
      yield* page
      if (page.length < pageSize) break
      after = page.at(-1)!
    }
  }
}
