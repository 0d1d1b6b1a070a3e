import type { Answer } from '../exchange/condition.ts'

/** Members that say something about a token, and are none. */
const harmless = new Set([
  'detail',
  'error',
  'error_description',
  'error_uri',
  'expires_in',
  'message',
  'scope',
  'token_type',
])
/** What an error is not expected to hold, and may all the same. */
const tokenName = /token|assertion|secret/i
const shortestToken = 8
const maxParts = 100

/**
 * Texts of a token endpoint's answer that may be tokens, whatever they are called: of a success all
 * but what is known to be harmless, of an error what is called so.
 */
export function secretsInTokenAnswer({ status, document }: Answer): string[] {
  const isSuccess = status < 300
  const { kind, text } = document
  if (kind !== 'json') return isSuccess && kind !== 'html' ? [text] : []
  const texts = textsIn(document.json(''))
  if (!texts) return [text]
  return texts
    .filter(({ name }) => !harmless.has(name) && (isSuccess || tokenName.test(name)))
    .map(({ value }) => value)
    .filter((value) => value.length >= shortestToken)
}

/** Every text inside a JSON value, by the name of its member; undefined where it has too many parts. */
function textsIn(json: unknown): { name: string; value: string }[] | undefined {
  const parts: { name: string; value: unknown }[] = [{ name: '', value: json }]
  const texts: { name: string; value: string }[] = []
  for (const { name, value } of parts) {
    if (typeof value === 'string') texts.push({ name, value })
    if (!(value instanceof Object)) continue
    for (const [key, member] of Object.entries(value)) {
      parts.push({ name: Array.isArray(value) ? name : key, value: member })
    }
    if (parts.length > maxParts) return undefined
  }
  return texts
}
