import { describe, expect, test } from 'vitest'
import { faultsOf } from '../definition/definition.ts'
import { oauthElement } from '../support/oauth-elements.ts'

const at = 'x.json/authentications/0'
const faults = (changes: object, more: object = {}) =>
  faultsOf(oauthElement(9901, 'example', changes, more))

test.each<[what: string, changes: object]>([
  ['client credentials', {}],
  ['a password', { grant: 'password', username: '{user}', password: '{password}' }],
  ['a refresh token', { grant: 'refreshToken', refreshToken: '{refresh}' }],
  ['an assertion', { grant: 'jwtBearer', signingKey: '{key}', algorithm: 'ES256' }],
  ['a certificate', { clientAuthentication: 'certificate', certificate: 'cert' }],
  ['a public client', { clientAuthentication: 'none', clientSecret: undefined }],
  ['a fixed address', { tokenUrl: 'https://login.example.com/oauth/token' }],
  ['a token in the query', { query: { access_token: '{session.token}' } }],
])('a definition with %s can be used', (_, changes) => {
  expect(faults(changes)).toEqual([])
})

describe('a definition cannot be used', () => {
  test.each<[why: string, changes: object, ...reasons: string[]]>([
    ['without a secret for basic', { clientSecret: undefined }, `${at}: basic needs clientSecret`],
    [
      'without a secret for post',
      { clientSecret: undefined, clientAuthentication: 'post' },
      `${at}: post needs clientSecret`,
    ],
    ['without a client', { clientId: undefined }, `${at}: basic needs clientId`],
    [
      'without a key for private_key_jwt',
      { clientAuthentication: 'privateKeyJwt' },
      `${at}: privateKeyJwt needs signingKey`,
      `${at}: privateKeyJwt needs algorithm`,
    ],
    [
      'without a certificate for mutual TLS',
      { clientAuthentication: 'certificate' },
      `${at}: certificate needs certificate`,
    ],
    [
      'with a certificate that is none',
      { clientAuthentication: 'certificate', certificate: 'user' },
      `${at}/certificate: must be an entry of type certificate`,
    ],
    [
      'without name and password',
      { grant: 'password' },
      `${at}: password needs username`,
      `${at}: password needs password`,
    ],
    [
      'without a key for an assertion',
      { grant: 'jwtBearer' },
      `${at}: jwtBearer needs signingKey`,
      `${at}: jwtBearer needs algorithm`,
    ],
    [
      'with an assertion that nobody issues',
      {
        grant: 'jwtBearer',
        signingKey: '{key}',
        algorithm: 'ES256',
        clientAuthentication: 'none',
        clientId: undefined,
      },
      `${at}/claims: must say who issues it (iss), where there is no clientId`,
    ],
    [
      'without a refresh token',
      { grant: 'refreshToken' },
      `${at}: refreshToken needs refreshToken`,
    ],
    ...['{user}', 'x{refresh}', 'fixed', '{refresh|lower}'].map(
      (refreshToken): [string, object, string] => [
        `with ${refreshToken} for a refresh token`,
        { refreshToken },
        `${at}/refreshToken: must be one secret entry, as {entry}`,
      ],
    ),
    [
      'with a token that is sent nowhere',
      { headers: { 'x-key': '{secret}' } },
      `${at}: sends {session.token} nowhere: name it in headers or query`,
    ],
    [
      'with a token URL that no entry begins',
      { tokenUrl: '{user}/token' },
      `${at}/tokenUrl: must start with an entry of type url, or with a scheme and host`,
    ],
    [
      'with a secret in the token URL',
      { tokenUrl: '{server}/{secret}/token' },
      `${at}/tokenUrl: must not hold the secret {secret}: addresses are shown`,
    ],
    [
      'with an entry that is not there',
      { scopes: ['read', '{scopes}'] },
      `${at}/scopes/1: the placeholder {scopes} names no entry`,
    ],
    [
      'with a value that is kept nowhere',
      { extract: { site: { json: '/site' } } },
      `${at}/extract/site: must be an entry that is discovered`,
    ],
    [
      'with a header that belongs to the connection',
      { headers: { host: '{session.token}' } },
      `${at}/headers: "host" belongs to the connection and is never sent`,
    ],
  ])('%s', (_, changes, ...reasons) => {
    expect(faults(changes)).toEqual(reasons)
  })

  test('with what only the answer to the token request tells', () => {
    const entries = [
      ...oauthElement(1, 'any').entries,
      { key: 'site', name: 'Site', type: 'text', discovered: true },
    ]
    const changes = { parameters: { site: '{site}' }, extract: { site: { json: '/site' } } }
    expect(faults(changes, { entries })).toEqual([
      `${at}: needs {site} before any step has extracted it`,
    ])
  })

  test.each([{ grant: 'implicit' }, { clientAuthentication: 'digest' }, { algorithm: 'none' }])(
    'with %j, which is none',
    (changes) => {
      expect(faults(changes).length).toBeGreaterThan(0)
    },
  )
})
