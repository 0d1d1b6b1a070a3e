import { distance } from 'fastest-levenshtein'
import { showKey } from '../http/show-key.ts'
import type { CheckedConfiguration } from './configuration.ts'

/** The known entry keys nearest to a word, the best first; only those that one may have meant. */
export function nearestKeys(word: string, keys: string[]): string[] {
  const meant = word.toLowerCase()
  return keys
    .map((key) => {
      const known = key.toLowerCase()
      const limit = Math.max(2, Math.floor(known.length / 5))
      const samePart = known.endsWith(`.${meant}`)
      // At least the difference in length: spares us from comparing what is of another size.
      const apart = Math.abs(meant.length - known.length)
      const far = apart > limit ? apart : distance(meant, known)
      return { key, far, near: far <= limit || samePart }
    })
    .filter((candidate) => candidate.near)
    .sort((one, other) => one.far - other.far)
    .map((candidate) => candidate.key)
}

/** Each takes its time, and what compares more than any real element needs is not looked up. */
const maxCompared = 50_000

/** A key that is no entry: refused where it may be a misspelling, left out otherwise. */
export function sortOutUnknown(key: string, keys: string[], checked: CheckedConfiguration) {
  const compared = (checked.unknown.length + checked.warnings.length) * keys.length
  const [nearest] = compared < maxCompared ? nearestKeys(key, keys) : []
  const shown = showKey(key)
  if (nearest) checked.unknown.push({ key: shown, nearest })
  else
    checked.warnings.push({ key: shown, message: 'is no entry of this element and was left out' })
}
