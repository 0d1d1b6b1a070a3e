import type { OAuth2 } from '../authentication/oauth2.ts'
import { sessionToken } from '../authentication/session.ts'
import { placeholdersIn } from '../exchange/template.ts'
import { findConsentFaults, findPageFaults } from './consent-faults.ts'
import type { Element, Entry } from './element.ts'
import type { Fault } from './faults.ts'
import { findAddressFaults } from './step-faults.ts'

/** What a grant cannot do without. */
const neededByGrant = {
  authorizationCode: ['authorizeUrl', 'clientId'],
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

/** Of no use where nobody is asked for a consent. */
const ofConsent = [
  'authorizeUrl',
  'authorizeParameters',
  'callbackUrl',
  'pkce',
  'codeWithoutState',
  'issuer',
  'fromRedirect',
] as const satisfies (keyof OAuth2)[]

/** What keeps a token from being asked for, or from being sent. */
export function findOAuth2Faults(element: Element, authentication: OAuth2, at: string): Fault[] {
  const { entries } = element
  const { grant, clientAuthentication, clientId, claims, headers, query, refreshUrl } =
    authentication
  const lacking = (needed: readonly (keyof OAuth2)[], who: string) =>
    needed
      .filter((member) => authentication[member] === undefined)
      .map((member) => ({ at, reason: `${who} needs ${member}` }))
  const faults = [
    ...lacking(neededByGrant[grant], grant),
    ...lacking(neededByClient[clientAuthentication], clientAuthentication),
    ...findRefreshTokenFaults(entries, authentication, at),
    ...(grant === 'authorizationCode'
      ? findCodeFaults(element, authentication, at)
      : ofConsent
          .filter((member) => authentication[member] !== undefined)
          .map((member) => ({ at: `${at}/${member}`, reason: 'is for authorizationCode alone' }))),
  ]
  if (refreshUrl !== undefined) {
    faults.push(...findAddressFaults(element, refreshUrl, `${at}/refreshUrl`))
  }
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

/** What a consent is asked for with, and never by the vendor's page told in the open. */
const ofFlow = ['state', 'code_challenge', 'code_challenge_method', 'client_secret']

/** What keeps a consent from being asked for. */
function findCodeFaults(element: Element, authentication: OAuth2, at: string): Fault[] {
  const { authorizeUrl = '', authorizeParameters = {}, clientId, scopes } = authentication
  const [address = '', query = ''] = authorizeUrl.split('?', 2)
  const faults = [
    ...findConsentFaults(element.entries, authentication, at),
    ...(authorizeUrl === '' ? [] : findAddressFaults(element, address, `${at}/authorizeUrl`)),
  ]
  if (/[#?]/.test(authorizeUrl.slice(address.length + 1)) || placeholdersIn(query).length > 0) {
    const reason = 'may have a plain query behind it: values belong to authorizeParameters'
    faults.push({ at: `${at}/authorizeUrl`, reason })
  }
  for (const name of Object.keys(authorizeParameters).filter((one) => ofFlow.includes(one))) {
    faults.push({
      at: `${at}/authorizeParameters/${name}`,
      reason: 'is not for a definition to say',
    })
  }
  const shown = { authorizeUrl, authorizeParameters, clientId, scopes }
  return [...faults, ...findPageFaults(element, shown, at)]
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
