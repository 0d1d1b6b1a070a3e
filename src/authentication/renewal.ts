import type { Authentication } from './authentication.ts'
import type { OAuth2 } from './oauth2.ts'
import { sessionRefreshToken } from './session.ts'

const unattended: readonly OAuth2['grant'][] = ['clientCredentials', 'password', 'jwtBearer']

/**
 * The ways to come by new tokens without a person, to be tried in this order: with the refresh token
 * of the session, and by the grant that yielded it. Answers are asked for tokens alone: what else a
 * first answer told stays as it is.
 */
export function renewalsOf(authentication: Authentication, hasRefreshToken: boolean): OAuth2[] {
  if (authentication.type !== 'oauth2') return []
  const told = Object.entries(authentication.extract ?? {})
  const extract = Object.fromEntries(told.filter(([key]) => key.startsWith('session.')))
  const original: OAuth2 = { ...authentication, extract }
  const refreshed: OAuth2 = {
    ...original,
    grant: 'refreshToken',
    refreshToken: `{${sessionRefreshToken}}`,
  }
  return [
    ...(hasRefreshToken ? [refreshed] : []),
    ...(unattended.includes(original.grant) ? [original] : []),
  ]
}
