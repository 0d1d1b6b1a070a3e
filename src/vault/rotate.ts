import { setTimeout as delay } from 'node:timers/promises'
import type { Db } from '../database/database.ts'
import { pepperRefreshMs } from './peppers.ts'
import { beginRotation, finishRotation } from './rotation-store.ts'
import { type SweepOptions, type SweepReport, sweep } from './sweep.ts'
import type { Vault } from './vault.ts'

export interface RotationReport extends SweepReport {
  /** Whether it took up one that had been interrupted. */
  resumed: boolean
}

export interface RotateOptions extends Pick<SweepOptions, 'batch' | 'concurrency'> {
  /** How long after making the pepper the first token is written under it. */
  settleMs?: number
}

/**
 * Turns the data keys, the pepper and, where the keyring's active key is a new one, the
 * key-encryption key, while services of the old and the new generation work on: every key is wrapped
 * under all key-encryption keys at hand. One that was interrupted is taken up where it was left.
 * @throws {KeyringError} for a data key that is wrapped only under keys not at hand
 */
export async function rotate(
  db: Db,
  vault: Vault,
  options: RotateOptions = {},
): Promise<RotationReport> {
  const { id, startedAt, resumed } = await beginRotation(db, vault.keyring.activeId)
  // Times are kept in milliseconds, and a key of the very same one would not count as newer.
  await delay(5)
  const pepperId = await vault.turnPepper(startedAt)
  // A service that has just read the peppers looks for new ones only after this time; a hash under
  // the new one, written earlier, would be a token that it does not know.
  await delay(options.settleMs ?? 2 * pepperRefreshMs)
  const kekIds = vault.keyring.ids
  const report = await sweep(db, vault, { ...options, since: startedAt, kekIds, pepperId })
  await finishRotation(db, id)
  return { ...report, resumed }
}
