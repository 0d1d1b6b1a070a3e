import { expect, test } from 'vitest'
import { faultsOf } from '../definition/definition.ts'
import { byConsent, oauth1Element } from '../support/oauth1-elements.ts'

const at = 'x.json/authentications/0'
const faults = (changes: object, more: object = {}) =>
  faultsOf(oauth1Element(9901, 'example', changes, more))
const site = { key: 'site', name: 'Site', type: 'text', discovered: true }
const entries = [...oauth1Element(1, 'any').entries, site]

test.each<[what: string, changes: object, more?: object]>([
  ['a token that is brought along', {}],
  ['a realm', { realm: '{account|upper|replace:-:_}', signatureMethod: 'HMAC-SHA256' }],
  ['a place in the query', { in: 'query' }],
  ['a consent', byConsent],
  [
    'everything around a consent',
    {
      ...byConsent,
      tokenMethod: 'GET',
      parameters: { scope: 'read' },
      authorizeParameters: { name: '{client}', expiration: 'never' },
      callbackUrl: '{callback}',
      rules: [{ when: { status: 418 }, verdict: 'rejected' }],
    },
  ],
  [
    'a value from the redirect',
    { ...byConsent, fromRedirect: { site: 'site_id' }, realm: '{site}' },
    { entries },
  ],
  [
    'a value from the answer',
    { ...byConsent, extract: { site: { form: 'site_id' } } },
    { entries },
  ],
  ['a token that stands elsewhere', { ...byConsent, extract: { 'session.token': { json: '/t' } } }],
])('a definition with %s can be used', (_, changes, more) => {
  expect(faults(changes, more)).toEqual([])
})

test.each<[why: string, changes: object, ...reasons: string[]]>([
  [
    'with a token without secret',
    { tokenSecret: undefined },
    `${at}: token and tokenSecret go together: say both or neither`,
  ],
  [
    'with a secret without token',
    { token: undefined },
    `${at}: token and tokenSecret go together: say both or neither`,
  ],
  [
    'without token or consent',
    { token: undefined, tokenSecret: undefined },
    `${at}: needs token and tokenSecret, or requestTokenUrl, authorizeUrl, accessTokenUrl for a consent that yields them`,
  ],
  [
    'with half of a consent',
    { ...byConsent, requestTokenUrl: undefined, accessTokenUrl: undefined },
    `${at}: a consent needs requestTokenUrl and accessTokenUrl, too`,
  ],
  [
    'with a token and a consent',
    { ...byConsent, token: '{token}', tokenSecret: '{token.secret}' },
    `${at}/token: a consent yields the token: leave it out`,
  ],
  [
    'with what only a consent has',
    { callbackUrl: '{callback}', parameters: { scope: 'x' } },
    `${at}/parameters: is for a consent, which needs URLs`,
    `${at}/callbackUrl: is for a consent, which needs URLs`,
  ],
  [
    'with a realm in the query',
    { realm: 'x', in: 'query' },
    `${at}/realm: stands in the header only: leave it out`,
  ],
  [
    'with a placeholder that names nothing',
    { consumerKey: '{nobody}' },
    `${at}/consumerKey: the placeholder {nobody} names no entry`,
  ],
  ...['{client.secret}', '{callback|lower}', 'https://x.example', '{nobody}'].map(
    (callbackUrl): [string, object, ...string[]] => [
      `with ${callbackUrl} for a callback`,
      { ...byConsent, callbackUrl },
      ...(callbackUrl === '{nobody}'
        ? [`${at}/callbackUrl: the placeholder {nobody} names no entry`]
        : []),
      `${at}/callbackUrl: must be one entry that is no secret, as {entry}`,
    ],
  ),
  [
    'with a secret that the page of consent is told',
    { ...byConsent, authorizeParameters: { key: '{token}' } },
    `${at}/authorizeParameters: must not hold the secret {token}: browsers show it`,
  ],
  [
    'with a page of consent that is told another token',
    { ...byConsent, authorizeParameters: { oauth_token: 'x' } },
    `${at}/authorizeParameters/oauth_token: is not for a definition to say`,
  ],
  [
    'with a redirect that tells what is given',
    { ...byConsent, fromRedirect: { account: 'account' } },
    `${at}/fromRedirect/account: must be an entry that is discovered`,
  ],
  [
    'with an answer that tells what is given',
    { ...byConsent, extract: { account: { form: 'account' } } },
    `${at}/extract/account: must be an entry that is discovered`,
  ],
  ...(['requestTokenUrl', 'authorizeUrl', 'accessTokenUrl'] as const).flatMap(
    (url): [string, object, string][] => [
      [
        `with a secret in ${url}`,
        { ...byConsent, [url]: '{server}/{token}' },
        `${at}/${url}: must not hold the secret {token}: addresses are shown`,
      ],
      [
        `with a text that begins ${url}`,
        { ...byConsent, [url]: '{account}/oauth' },
        `${at}/${url}: must start with an entry of type url, or with a scheme and host`,
      ],
    ],
  ),
])('a definition cannot be used %s', (_, changes, ...reasons) => {
  expect(faults(changes)).toEqual(reasons)
})

test('a definition cannot be used with a page that is told what the redirect tells', () => {
  const changes = { ...byConsent, fromRedirect: { site: 'site_id' } }
  expect(faults({ ...changes, authorizeParameters: { site: '{site}' } }, { entries })).toEqual([
    `${at}/authorizeParameters: needs {site}, which nobody knows before the consent`,
  ])
})

test('a definition cannot be used with what nothing tells', () => {
  expect(faults(byConsent, { entries })).toEqual([
    'x.json/entries/8/discovered: no step extracts it',
  ])
})

test.each([{ signatureMethod: 'RSA-SHA1' }, { signatureMethod: 'PLAINTEXT' }, { in: 'body' }])(
  'a definition cannot be used with %j',
  (changes) => {
    expect(faults(changes).length).toBeGreaterThan(0)
  },
)
