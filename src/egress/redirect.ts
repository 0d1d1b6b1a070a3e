import { EgressFailure } from './failure.ts'

const anyMethod = new Set([307, 308])
const readingMethod = new Set([301, 302, 303, 307, 308])

export interface Redirection {
  method: string
  url: URL
  status: number
  location: string | string[] | undefined
}

/**
 * Where an answer redirects this request to, or undefined where the answer stands as it is. GET
 * and HEAD go wherever they are told; what might change something is not sent as something else
 * (RFC 9110 section 15.4), so only 307 and 308 move it. Throws where the location can't be read.
 */
export function redirectTarget({ method, url, status, location }: Redirection): URL | undefined {
  const moves = method === 'GET' || method === 'HEAD' ? readingMethod : anyMethod
  if (!moves.has(status) || location === undefined) return undefined
  const target = typeof location === 'string' ? URL.parse(location, url.href) : null
  if (!target) {
    throw new EgressFailure(
      'redirect',
      `${url.hostname} redirects to an address that can't be read. Check the address, or ask the vendor.`,
    )
  }
  target.hash = ''
  return target
}
