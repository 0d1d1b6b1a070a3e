import type { Context } from '../context.ts'
import type { Element } from '../definition/element.ts'
import { tokenEntry } from '../vault/token.ts'
import type { ChangedConnection } from './change-store.ts'
import type { StoredRow } from './connection-store.ts'
import { ownerOf } from './store.ts'
import { tokensEntry } from './tokens.ts'

/** The secrets that an instance has with a change. */
interface ChangedSecrets {
  /** By entry, as they are from now on. */
  plaintexts: ReadonlyMap<string, string>
  /** Those of before that were opened, by entry. */
  before: ReadonlyMap<string, string>
  /** That stay as they are, and closed. */
  closed: ReadonlySet<string>
  /** Where the vendor gets them. */
  origins: string[]
}

/** Seals what is new in the next version of its secret; what stays the same stays where it is. */
export async function sealChanges(
  { vault }: Pick<Context, 'vault'>,
  element: Element,
  row: StoredRow,
  { plaintexts, before, closed, origins }: ChangedSecrets,
): Promise<Pick<ChangedConnection, 'removed' | 'added'>> {
  const seal = await vault.sealerOf(row.organizationId)
  const stored = new Map(row.secrets.map((secret) => [secret.entry, secret]))
  const own = new Set([...element.entries.map(({ key }) => key), tokensEntry])
  const isSame = (entry: string, plaintext: string, meant: string[]) => {
    const secret = stored.get(entry)
    return (
      secret !== undefined &&
      before.get(entry) === plaintext &&
      meant.every((origin) => secret.origins.includes(origin))
    )
  }
  const stays = new Set([tokenEntry, ...closed])
  const added: ChangedConnection['added'] = []
  for (const [entry, plaintext] of plaintexts) {
    // A universal entry is no concern of the vendor's.
    const meant = own.has(entry) ? origins : []
    if (isSame(entry, plaintext, meant)) {
      stays.add(entry)
      continue
    }
    const secretVersion = (stored.get(entry)?.secretVersion ?? 0) + 1
    const place = { owner: ownerOf(row.id), entry, secretVersion, origins: meant }
    added.push({ entry, secretVersion, origins: meant, ...seal(place, plaintext) })
  }
  const removed = row.secrets.filter(({ entry }) => !stays.has(entry))
  return { removed, added }
}
