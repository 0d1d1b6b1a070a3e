import { Refusal } from '../http/errors.ts'

/** What the vendor's redirect said, as a request brings it along. */
export interface Redirect {
  code: string | undefined
  /** RFC 5849, section 2.2. */
  token: string | undefined
  verifier: string | undefined
  state: string | undefined
  /** RFC 9207. */
  iss: string | undefined
  /** RFC 6749, section 4.1.2.1. */
  error: string | undefined
  description: string | undefined
}

const maxLength = 8192
/** RFC 6749, appendix A.11 and A.5. */
const visible = /^[\x20-\x7e]*$/

/**
 * The parameters that every redirect may have; what is empty counts as left out.
 * @throws {Refusal} `body-invalid` for what no redirect has
 */
export function readRedirect(providerData: Record<string, unknown> = {}): Redirect {
  const invalid: { key: string; reason: string }[] = []
  const read = (name: string, wanted?: RegExp): string | undefined => {
    const value = providerData[name]
    if (value === undefined || value === null || value === '') return undefined
    if (typeof value !== 'string') invalid.push({ key: name, reason: 'must be a string' })
    else if (value.length > maxLength) invalid.push({ key: name, reason: 'is too long' })
    else if (wanted && !wanted.test(value)) {
      invalid.push({ key: name, reason: 'has a character that no redirect has' })
    } else return value
    return undefined
  }
  const redirect = {
    code: read('code', visible),
    token: read('oauth_token', visible),
    verifier: read('oauth_verifier', visible),
    state: read('state', visible),
    iss: read('iss'),
    error: read('error') ?? problemIn(read('oauth_problem'), read('denied')),
    description: read('error_description') ?? read('oauth_problem_advice'),
  }
  if (invalid.length === 0) return redirect
  throw new Refusal('body-invalid', {
    message: `Send providerData as it stood in the redirect: ${invalid.map(({ key, reason }) => `${key} ${reason}`).join('; ')}.`,
    invalid: invalid.map(({ key, reason }) => ({ key: `providerData.${key}`, reason })),
  })
}

/** In the words of OAuth 2: what vendors of OAuth 1 add to their redirects where somebody declines. */
function problemIn(problem: string | undefined, denied: string | undefined): string | undefined {
  return denied !== undefined || problem === 'permission_denied' ? 'access_denied' : problem
}
