import type { Db } from '../database/database.ts'
import { dataKeyContext } from './data-keys.ts'
import type { WrappedKey } from './keyring.ts'
import { pepperContext } from './peppers.ts'
import {
  countWraps,
  deleteDataKeys,
  deleteDataKeyWraps,
  deletePeppers,
  deletePepperWraps,
  hasFingerprints,
  hasSignInTokens,
  readClock,
} from './retire-store.ts'
import { findRotation } from './rotation-store.ts'
import { type Generation, listDataKeys, listPeppers } from './store.ts'
import { forEachOrganization, type SweepOptions, type SweepReport, sweep } from './sweep.ts'
import type { Vault } from './vault.ts'

/** Nothing was removed, and why, in plain words. */
export class RetireError extends Error {}

export interface Retired {
  sweep: SweepReport
  /** The key-encryption keys that nothing is wrapped under any more. */
  kekIds: string[]
  /** How many superseded keys were removed. */
  removed: { dataKeys: number; peppers: number }
  /** How many superseded keys may still be in use, and have to wait for a later call. */
  kept: { dataKeys: number; peppers: number }
}

export interface RetireOptions extends Pick<SweepOptions, 'batch' | 'concurrency'> {
  /** Every one but the active, if absent. */
  kekId?: string | undefined
  /** How long a key must have been superseded: longer than any service goes on using it. */
  settledMs?: number
}

const hour = 3_600_000

/**
 * Removes superseded data keys and peppers, and the wraps under superseded key-encryption keys,
 * after bringing what services wrote late under the newest keys.
 * @throws {RetireError} while anything still needs them; then nothing was removed
 */
export async function retire(db: Db, vault: Vault, options: RetireOptions = {}): Promise<Retired> {
  const { activeId } = vault.keyring
  const kekIds = await chooseKeks(db, activeId, options.kekId)
  const pepperId = (await listPeppers(db)).at(-1)!.id
  const swept = await sweep(db, vault, { ...options, kekIds: [activeId], pepperId })
  if (swept.left > 0) throw new RetireError(describeLeft(swept))
  const concurrency = options.concurrency ?? 2
  const settled = new Date((await readClock(db)).getTime() - (options.settledMs ?? hour))

  let needed = false
  await forEachOrganization(db, concurrency, async (organizationId) => {
    for (const { id, wraps } of await listDataKeys(db, organizationId)) {
      const name = `Data key ${id} of organization ${organizationId}`
      prove(vault, name, dataKeyContext(organizationId, id), wraps)
    }
    const older = { organizationId, pepperId }
    if ((await hasFingerprints(db, older)) || (await hasSignInTokens(db, older))) needed = true
  })
  const peppers = await listPeppers(db)
  for (const { id, wraps } of peppers) prove(vault, `Pepper ${id}`, pepperContext(id), wraps)

  const removed = { dataKeys: 0, peppers: 0 }
  const kept = { dataKeys: 0, peppers: 0 }
  await forEachOrganization(db, concurrency, async (organizationId) => {
    const held = await listDataKeys(db, organizationId)
    const ids = superseded(held, settled)
    if (ids.length > 0) await deleteDataKeys(db, { organizationId, ids })
    removed.dataKeys += ids.length
    kept.dataKeys += Math.max(0, held.length - 1 - ids.length)
    if (kekIds.length > 0) await deleteDataKeyWraps(db, { organizationId, kekIds, kept: activeId })
  })
  const ids = needed ? [] : superseded(peppers, settled)
  if (ids.length > 0) await deletePeppers(db, ids)
  removed.peppers = ids.length
  kept.peppers = peppers.length - 1 - ids.length
  if (kekIds.length > 0) await deletePepperWraps(db, { kekIds, kept: activeId })
  return { sweep: swept, kekIds, removed, kept }
}

async function chooseKeks(db: Db, activeId: string, asked?: string): Promise<string[]> {
  const rotation = await findRotation(db)
  if (rotation && !rotation.finishedAt) {
    throw new RetireError('A rotation was begun and is not finished: run `rotate` to finish it.')
  }
  const used = (await countWraps(db)).map((wraps) => wraps.kekId)
  if (asked === activeId) {
    throw new RetireError(
      `"${asked}" is the active key: put a new one before it and run \`rotate\`.`,
    )
  }
  if (asked && !used.includes(asked)) {
    throw new RetireError(`Nothing is wrapped under "${asked}" (any more).`)
  }
  const kekIds = asked ? [asked] : used.filter((kekId) => kekId !== activeId)
  if (kekIds.length > 0 && rotation?.kekId !== activeId) {
    throw new RetireError(
      `The active key "${activeId}" is not the one that was turned to last: run \`rotate\` first.`,
    )
  }
  return kekIds
}

/** Whatever is kept has to open with the active key alone, before any other way to it is removed. */
function prove(vault: Vault, name: string, context: string[], wraps: WrappedKey[]) {
  const { activeId } = vault.keyring
  const wrap = wraps.find(({ kekId }) => kekId === activeId)
  try {
    if (wrap && vault.keyring.unwrap(context, [wrap])) return
  } catch {
    throw new RetireError(`${name} does not open with the key-encryption key "${activeId}".`)
  }
  const others = wraps.map(({ kekId }) => `"${kekId}"`).join(' and ')
  throw new RetireError(`${name} is wrapped under ${others} only: run \`retire\` again.`)
}

function superseded(oldestFirst: Generation[], settled: Date): number[] {
  return oldestFirst
    .filter((_, at) => (oldestFirst[at + 1]?.createdAt ?? Infinity) < settled)
    .map(({ id }) => id)
}

function describeLeft({ left, failures }: SweepReport): string {
  const rows = left === 1 ? '1 row is' : `${left} rows are`
  if (failures.length === 0) return `${rows} in use by others right now: run \`retire\` again.`
  return `${rows} still sealed under older keys and cannot be opened. Remove what cannot be restored: ${failures.slice(0, 3).join('; ')}.`
}
