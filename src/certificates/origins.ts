import { Refusal } from '../http/errors.ts'

/**
 * The origins that a certificate may be presented to, in their one spelling, each once.
 * @throws {Refusal} that names every one that is none
 */
export function readOrigins(given: readonly string[]): string[] {
  const origins = given.map(originOf)
  const invalid = origins.flatMap((origin, at) =>
    origin === undefined
      ? [{ key: `origins.${at}`, reason: 'is no https origin such as https://api.example.com' }]
      : [],
  )
  if (invalid.length > 0) {
    throw new Refusal('body-invalid', {
      message:
        'An origin is https://, a host and perhaps a port, and nothing behind it. Correct those that are none.',
      invalid,
    })
  }
  return [...new Set(origins as string[])].sort()
}

function originOf(text: string): string | undefined {
  const url = URL.parse(text)
  if (url?.protocol !== 'https:' || url.hostname.includes('*')) return undefined
  const { username, password, pathname, search, hash } = url
  const bare = `${username}${password}${search}${hash}` === '' && pathname === '/'
  return bare && !/[?#@]/.test(text) ? url.origin : undefined
}
