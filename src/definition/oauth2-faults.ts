import type { OAuth2 } from '../authentication/oauth2.ts'
import { sessionToken } from '../authentication/session.ts'
import { placeholdersIn } from '../exchange/template.ts'
import type { Entry } from './element.ts'
import type { Fault } from './faults.ts'

/** What a grant cannot do without. */
const neededByGrant = {
  clientCredentials: [],
  password: ['username', 'password'],
  jwtBearer: ['signingKey', 'algorithm'],
  refreshToken: ['refreshToken'],
} as const satisfies Record<OAuth2['grant'], (keyof OAuth2)[]>

/** What client authentication cannot do without. */
const neededByClient = {
  basic: ['clientId', 'clientSecret'],
  plainBasic: ['clientId', 'clientSecret'],
  post: ['clientId', 'clientSecret'],
  privateKeyJwt: ['clientId', 'signingKey', 'algorithm'],
  certificate: ['clientId', 'certificate'],
  none: [],
} as const satisfies Record<OAuth2['clientAuthentication'], (keyof OAuth2)[]>

/** What keeps a token from being asked for, or from being sent. */
export function findOAuth2Faults(
  entries: readonly Entry[],
  authentication: OAuth2,
  at: string,
): Fault[] {
  const { grant, clientAuthentication, clientId, claims, headers, query } = authentication
  const lacking = (needed: readonly (keyof OAuth2)[], who: string) =>
    needed
      .filter((member) => authentication[member] === undefined)
      .map((member) => ({ at, reason: `${who} needs ${member}` }))
  const faults = [
    ...lacking(neededByGrant[grant], grant),
    ...lacking(neededByClient[clientAuthentication], clientAuthentication),
    ...findRefreshTokenFaults(entries, authentication, at),
  ]
  if (grant === 'jwtBearer' && clientId === undefined && !claims?.iss) {
    const reason = 'must say who issues it (iss), where there is no clientId'
    faults.push({ at: `${at}/claims`, reason })
  }
  const carried = headers ?? query
  if (carried && !placeholdersIn([headers, query]).includes(sessionToken)) {
    faults.push({ at, reason: `sends {${sessionToken}} nowhere: name it in headers or query` })
  }
  return faults
}

/** A refresh token that the vendor replaces takes the place of the one that was brought. */
function findRefreshTokenFaults(
  entries: readonly Entry[],
  { refreshToken }: OAuth2,
  at: string,
): Fault[] {
  if (refreshToken === undefined) return []
  const entry = entries.find(({ key }) => refreshToken === `{${key}}`)
  return entry?.secret && entry.derived === undefined
    ? []
    : [{ at: `${at}/refreshToken`, reason: 'must be one secret entry, as {entry}' }]
}
