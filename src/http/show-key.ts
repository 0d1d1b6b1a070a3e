const word = String.raw`(?:[A-Za-z]{1,40}\d{0,4}|\d{1,4})`
const likeKey = new RegExp(`^${word}(?:[._-]${word}){0,9}$`)

/**
 * A key that we do not know, fit to be stored and shown: words of letters, such as `crm.api2.userName`.
 * Anything else may be a secret that slipped into the wrong place, and is not repeated.
 */
export function showKey(key: string): string {
  return likeKey.test(key) ? key : '(not repeated)'
}
