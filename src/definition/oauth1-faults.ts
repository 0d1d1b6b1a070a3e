import type { OAuth1 } from '../authentication/oauth1.ts'
import { findConsentFaults, findPageFaults } from './consent-faults.ts'
import type { Element } from './element.ts'
import type { Fault } from './faults.ts'
import { findAddressFaults } from './step-faults.ts'

const urls = ['requestTokenUrl', 'authorizeUrl', 'accessTokenUrl'] as const

/** Of no use where nobody is asked for a consent. */
const ofConsent = [
  'tokenMethod',
  'parameters',
  'authorizeParameters',
  'callbackUrl',
  'fromRedirect',
  'extract',
  'providerMessage',
  'rules',
] as const satisfies (keyof OAuth1)[]

/** What keeps a request from being signed, or a token from being come by. */
export function findOAuth1Faults(element: Element, authentication: OAuth1, at: string): Fault[] {
  const { token, tokenSecret, realm } = authentication
  const faults: Fault[] = []
  const wrong = (reason: string, member = '') => faults.push({ at: at + member, reason })
  const has = (member: keyof OAuth1) => authentication[member] !== undefined
  if ((token === undefined) !== (tokenSecret === undefined)) {
    wrong('token and tokenSecret go together: say both or neither')
  }
  const missing = urls.filter((url) => !has(url))
  if (missing.length === urls.length) {
    if (token === undefined && tokenSecret === undefined) {
      wrong(`needs token and tokenSecret, or ${urls.join(', ')} for a consent that yields them`)
    }
    for (const member of ofConsent.filter(has)) {
      wrong('is for a consent, which needs URLs', `/${member}`)
    }
  } else {
    if (missing.length > 0) wrong(`a consent needs ${missing.join(' and ')}, too`)
    if (token !== undefined) wrong('a consent yields the token: leave it out', '/token')
  }
  if (realm !== undefined && authentication.in === 'query') {
    wrong('stands in the header only: leave it out', '/realm')
  }
  for (const url of ['requestTokenUrl', 'authorizeUrl'] as const) {
    const address = authentication[url]
    if (address !== undefined) faults.push(...findAddressFaults(element, address, `${at}/${url}`))
  }
  const { requestTokenUrl, authorizeUrl, authorizeParameters = {} } = authentication
  for (const name of Object.keys(authorizeParameters).filter((one) => /^oauth_/.test(one))) {
    wrong('is not for a definition to say', `/authorizeParameters/${name}`)
  }
  return [
    ...faults,
    ...findConsentFaults(element.entries, authentication, at),
    ...findPageFaults(element, { requestTokenUrl, authorizeUrl, authorizeParameters }, at),
  ]
}
