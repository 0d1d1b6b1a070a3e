import type { KeyEncryptionKey } from '../config.ts'
import type { Keyring } from './keyring.ts'
import type { Retired } from './retire.ts'
import type { RotationReport } from './rotate.ts'
import type { Rotation } from './rotation-store.ts'
import type { Tally } from './sweep.ts'

/** What a rotation did, and what to do next, as lines for the operator. */
export function describeRotation(
  report: RotationReport,
  keyring: Keyring,
  inFile: boolean,
): string[] {
  const { activeId, ids } = keyring
  const { resumed, failures } = report
  const next =
    ids.length === 1
      ? [
          `The key-encryption key is "${activeId}" as before. To turn it, too, put a new one before it in LATCHKEY_KEYS and run \`rotate\` again.`,
          'Next: in an hour, run `retire`, which removes the old data keys and the old pepper.',
        ]
      : [
          inFile
            ? 'Next: restart the service, which then knows the new key; then run `retire`, which removes the old one.'
            : `Next: start every service with "${activeId}" first in LATCHKEY_KEYS; then run \`retire\`; then drop the other keys there.`,
        ]
  return [
    `${resumed ? 'Finished the interrupted rotation' : 'Rotated'}: key-encryption key "${activeId}".`,
    ...tallyLines(report),
    ...failures.map((failure) => `failed: ${failure}`),
    ...next,
  ]
}

/** What was retired, what had to wait, and what to do next, as lines for the operator. */
export function describeRetired(retired: Retired, inFile: boolean): string[] {
  const { kekIds, removed, kept } = retired
  const gone = kekIds.map((kekId) => `"${kekId}"`).join(', ')
  const waiting = kept.dataKeys + kept.peppers > 0
  return [
    gone ? `Retired: key-encryption key ${gone}.` : 'There was no key-encryption key to retire.',
    `Removed: ${count(removed)}.`,
    ...(waiting
      ? [`Kept: ${count(kept)}, which may still be in use. Run \`retire\` again later.`]
      : []),
    ...(gone && !inFile ? [`Next: drop ${gone} from LATCHKEY_KEYS.`] : []),
  ]
}

/** Which keys are in use, as lines for the operator. */
export function describeStatus(status: {
  wraps: { kekId: string; peppers: number; dataKeys: number }[]
  superseded: { peppers: number; dataKeys: number }
  rotation: Rotation | undefined
  keys: readonly KeyEncryptionKey[]
}): string[] {
  const { wraps, superseded, rotation, keys } = status
  const unused = keys.filter(({ id }) => !wraps.some(({ kekId }) => kekId === id))
  return [
    ...[...wraps, ...unused.map(({ id }) => ({ kekId: id, peppers: 0, dataKeys: 0 }))].map(
      (wrap) => `key-encryption key "${wrap.kekId}" (${role(keys, wrap.kekId)}): ${count(wrap)}`,
    ),
    `superseded: ${count(superseded)}`,
    describeState(rotation),
  ]
}

function role(keys: readonly KeyEncryptionKey[], kekId: string): string {
  const at = keys.findIndex((key) => key.id === kekId)
  if (at === 0) return 'active'
  return at > 0 ? 'at hand' : 'not at hand'
}

function describeState(rotation: Rotation | undefined): string {
  if (!rotation) return 'rotation: none so far'
  const { kekId, startedAt, finishedAt } = rotation
  return finishedAt
    ? `rotation: to "${kekId}", finished ${finishedAt.toISOString()}`
    : `rotation: to "${kekId}", begun ${startedAt.toISOString()} and not finished: run \`rotate\``
}

function tallyLines(tallies: { secrets: Tally; answers: Tally; tokens: Tally }): string[] {
  const { secrets, answers, tokens } = tallies
  const sum = (member: keyof Tally) => secrets[member] + answers[member] + tokens[member]
  const total = {
    scanned: sum('scanned'),
    resealed: sum('resealed'),
    contended: sum('contended'),
    failed: sum('failed'),
  }
  return Object.entries({ secrets, answers, tokens, total }).map(
    ([kind, { scanned, resealed, contended, failed }]) =>
      `${kind}: ${scanned} scanned, ${resealed} resealed, ${contended} contended, ${failed} failed`,
  )
}

function count({ dataKeys, peppers }: { dataKeys: number; peppers: number }): string {
  return `${plural(dataKeys, 'data key')}, ${plural(peppers, 'pepper')}`
}

function plural(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
