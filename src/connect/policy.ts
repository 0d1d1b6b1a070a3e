import type { Config } from '../config.ts'
import type { SessionRecord } from './session.ts'

/**
 * What browsers may do with a page of ours: load its own script and style, by path where that is
 * known, add the styles that know the nonce, speak to its own routes, be framed by the session's
 * origin or by nobody.
 */
export function pageHeaders(
  { publicUrl }: Pick<Config, 'publicUrl'>,
  session: Pick<SessionRecord, 'allowedOrigin' | 'request'> | undefined,
  nonce?: string,
): Record<string, string> {
  const own = (path: string) => (publicUrl ? `${publicUrl}/connect/${path}` : "'self'")
  const logo = URL.parse(session?.request.appearance?.logoUrl ?? '')
  const directives = {
    'default-src': "'none'",
    'script-src': own('assets/'),
    'style-src': [own('assets/'), ...(nonce ? [`'nonce-${nonce}'`] : [])].join(' '),
    'connect-src': own('session/'),
    'img-src': ['data:', ...(logo ? [logo.origin] : [])].join(' '),
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': session?.allowedOrigin ?? "'none'",
  }
  const policy = Object.entries(directives).map(([name, value]) => `${name} ${value}`)
  return {
    'content-security-policy': policy.join('; '),
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'x-robots-tag': 'noindex',
    'permissions-policy': 'camera=(), microphone=(), geolocation=()',
  }
}
