import { isDeepStrictEqual } from 'node:util'
import { keyOf } from '../authentication/authentication.ts'
import type { Element } from '../definition/element.ts'

/** A member that is not there is `null`. */
export interface MemberChange {
  member: string
  from: unknown
  to: unknown
}

export interface Difference {
  entries: {
    added: string[]
    removed: string[]
    changed: { key: string; changes: MemberChange[] }[]
  }
  /** By their keys. */
  authentications: { added: string[]; removed: string[]; changed: string[] }
  /** The other members of the definition that are not the same. */
  others: string[]
}

/** What another version of an element changes, for who decides about it. */
export function compareVersions(from: Element, to: Element): Difference {
  const before = new Map(from.entries.map((entry) => [entry.key, entry]))
  const authentications = {
    before: new Map(from.authentications.map((one) => [keyOf(one), one])),
    after: new Map(to.authentications.map((one) => [keyOf(one), one])),
  }
  return {
    entries: {
      added: to.entries.filter(({ key }) => !before.has(key)).map(({ key }) => key),
      removed: [...before.keys()].filter((key) => !to.entries.some((entry) => entry.key === key)),
      changed: to.entries.flatMap((entry) => {
        const old = before.get(entry.key)
        const changes = old ? compareMembers(old, entry) : []
        return changes.length > 0 ? [{ key: entry.key, changes }] : []
      }),
    },
    authentications: {
      added: [...authentications.after.keys()].filter((key) => !authentications.before.has(key)),
      removed: [...authentications.before.keys()].filter((key) => !authentications.after.has(key)),
      changed: [...authentications.after].flatMap(([key, one]) => {
        const old = authentications.before.get(key)
        return old && !isDeepStrictEqual(old, one) ? [key] : []
      }),
    },
    others: compareMembers(from, to)
      .map(({ member }) => member)
      .filter((member) => member !== 'entries' && member !== 'authentications'),
  }
}

/** The order of members means nothing: the database does not keep it. */
function compareMembers(from: object, to: object): MemberChange[] {
  const old = new Map(Object.entries(from))
  const now = new Map(Object.entries(to))
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((member) => !isDeepStrictEqual(old.get(member), now.get(member)))
    .map((member) => ({ member, from: old.get(member) ?? null, to: now.get(member) ?? null }))
}
