import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { isOriginPattern } from '../vault/destination.ts'

/**
 * The origins that a client's secret may go to, in their one spelling, each once; `https://*.…` is
 * any host below one. Plain http is for hosts that the service may call by it.
 * @throws {Refusal} that names every one that is none
 */
export function readOrigins(
  { egress }: Pick<Context, 'egress'>,
  given: readonly string[],
): string[] {
  const origins = given.map((text) => originOf(egress, text))
  const invalid = origins.flatMap((origin, at) =>
    origin === undefined
      ? [
          {
            key: `origins.${at}`,
            reason: 'is no origin such as https://api.example.com or https://*.example.com',
          },
        ]
      : [],
  )
  if (invalid.length > 0) {
    throw new Refusal('body-invalid', {
      message:
        'An origin is https://, a host or "*." and a domain, and perhaps a port, and nothing behind it. Correct those that are none.',
      invalid,
    })
  }
  return [...new Set(origins as string[])].sort()
}

function originOf(egress: Context['egress'], text: string): string | undefined {
  const below = /^https?:\/\/\*\./i.test(text)
  const url = URL.parse(below ? text.replace('*.', 'x.') : text)
  if (!url || url.hostname.includes('*') || url.hostname.endsWith('.')) return undefined
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && !egress.judge(url))) {
    return undefined
  }
  const { username, password, pathname, search, hash } = url
  const bare = `${username}${password}${search}${hash}` === '' && pathname === '/'
  if (!bare || /[?#@]/.test(text)) return undefined
  if (!below) return url.origin
  const pattern = url.origin.replace('://x.', '://*.')
  return isOriginPattern(pattern) ? pattern : undefined
}
