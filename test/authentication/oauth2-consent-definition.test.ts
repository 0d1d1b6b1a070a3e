import { describe, expect, test } from 'vitest'
import { faultsOf } from '../definition/definition.ts'
import { consentElement } from '../support/consent-elements.ts'

const at = 'x.json/authentications/0'
const told = { key: 'told', name: 'Told', type: 'text', discovered: true }
const home = { key: 'home', name: 'Home', type: 'url', discovered: true, hosts: ['*.example.com'] }

function faults(changes: object, entries: object[] = []) {
  const element = consentElement(9902, 'example', changes)
  return faultsOf({ ...element, entries: [...element.entries, ...entries] })
}

test.each<[what: string, changes: object, entries?: object[]]>([
  ['a page of consent', {}],
  ['a plain query behind its page', { authorizeUrl: '{server}/auth?v=2&x=a%20b' }],
  ['fixed addresses', { authorizeUrl: 'https://a.example/x', tokenUrl: 'https://t.example/y' }],
  ['another address for refreshing', { refreshUrl: '{server}/refresh' }],
  ['a redirect that tells something', { fromRedirect: { told: 'realmId' } }, [told]],
  [
    'a redirect that tells an address',
    { fromRedirect: { home: 'home' }, tokenUrl: '{home}/t' },
    [home],
  ],
  ['an issuer', { issuer: 'https://{user}.example.com' }],
  ['neither PKCE nor state', { pkce: false, codeWithoutState: true }],
  ['a refresh token that may be brought instead', { refreshToken: '{refresh}' }],
])('a definition with %s can be used', (_, changes, entries) => {
  expect(faults(changes, entries)).toEqual([])
})

describe('a definition cannot be used', () => {
  const url = 'must start with an entry of type url, or with a scheme and host'
  const plain = 'may have a plain query behind it: values belong to authorizeParameters'
  test.each<[why: string, changes: object, entries: object[], ...reasons: string[]]>([
    [
      'without a page',
      { authorizeUrl: undefined },
      [],
      `${at}: authorizationCode needs authorizeUrl`,
    ],
    [
      'without a client',
      { clientId: undefined, clientAuthentication: 'none' },
      [],
      `${at}: authorizationCode needs clientId`,
    ],
    ['with a page that is no address', { authorizeUrl: 'auth' }, [], `${at}/authorizeUrl: ${url}`],
    ['with a refresh URL that is none', { refreshUrl: '/x' }, [], `${at}/refreshUrl: ${url}`],
    [
      'with values in the query of its page',
      { authorizeUrl: '{server}/auth?user={user}' },
      [],
      `${at}/authorizeUrl: ${plain}`,
    ],
    [
      'with a fragment behind its page',
      { authorizeUrl: '{server}/auth?x=1#y' },
      [],
      `${at}/authorizeUrl: ${plain}`,
    ],
    [
      'that shows a secret to browsers',
      { authorizeParameters: { x: '{secret}' }, clientId: '{refresh}', scopes: ['{password}'] },
      [],
      `${at}/authorizeParameters: must not hold the secret {secret}: browsers show it`,
      `${at}/clientId: must not hold the secret {refresh}: browsers show it`,
      `${at}/scopes: must not hold the secret {password}: browsers show it`,
    ],
    [
      'that chooses the state, or sends a verifier in the open',
      { authorizeParameters: { state: 'x', code_challenge_method: 'plain' } },
      [],
      `${at}/authorizeParameters/state: is not for a definition to say`,
      `${at}/authorizeParameters/code_challenge_method: is not for a definition to say`,
    ],
    [
      'whose page needs what only the redirect tells',
      { fromRedirect: { told: 'x' }, authorizeUrl: '{server}/{told}' },
      [told],
      `${at}/authorizeUrl: needs {told}, which nobody knows before the consent`,
    ],
    [
      'whose redirect tells what people are asked for',
      { fromRedirect: { user: 'x' } },
      [],
      `${at}/fromRedirect/user: must be an entry that is discovered`,
    ],
    [
      'with a discovered entry that nothing tells',
      {},
      [told],
      'x.json/entries/10/discovered: no step extracts it',
    ],
    [
      'with a callback that is no entry, or more than one',
      { callbackUrl: '{callback}/x' },
      [],
      `${at}/callbackUrl: must be one entry that is no secret, as {entry}`,
    ],
  ])('%s', (_, changes, entries, ...reasons) => {
    expect(faults(changes, entries)).toEqual(reasons)
  })

  test.each([
    ['authorizeUrl', '{server}/auth'],
    ['authorizeParameters', { prompt: 'consent' }],
    ['callbackUrl', '{callback}'],
    ['pkce', false],
    ['codeWithoutState', true],
    ['issuer', '{server}'],
  ])('with %s, where nobody is asked for a consent', (member, value) => {
    const without = {
      grant: 'clientCredentials',
      authorizeUrl: undefined,
      authorizeParameters: undefined,
      callbackUrl: undefined,
    }
    expect(faults({ ...without, [member]: value })).toEqual([
      `${at}/${member}: is for authorizationCode alone`,
    ])
  })
})
