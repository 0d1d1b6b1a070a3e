import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { oauthElement } from '../support/oauth-elements.ts'
import { startWorld, type World } from '../support/world.ts'

const text = (key: string, more: object = {}) => ({ key, name: key, type: 'text', ...more })
const regions = { options: [{ value: 'com' }, { value: 'eu' }] }
const entries = [
  text('shop'),
  text('tld', regions),
  text('env', { options: [{ value: 'LOGIN' }, { value: 'TEST' }] }),
  text('host'),
  text('fixed', { constant: 'pinned' }),
  text('account', { derived: '{shop|lower}' }),
  { key: 'limited', name: 'L', type: 'url', hosts: ['*.example.com', 'login.example.org'] },
  { key: 'any', name: 'A', type: 'url', default: 'https://api.example.com' },
  { key: 'pinned', name: 'P', type: 'url', constant: 'https://id.example.com/base' },
  {
    key: 'listed',
    name: 'L',
    type: 'url',
    options: [{ value: 'https://a.example.com' }, { value: 'b.example.com' }],
  },
]

/** Token URLs and the origins that follow from them. */
const defined: [tokenUrl: string, origins: string[]][] = [
  ['https://login.example.com/token', ['https://login.example.com']],
  ['https://login.example.com:8443/token', ['https://login.example.com:8443']],
  ['https://Login.Example.com/{shop}/token', ['https://login.example.com']],
  ['https://{shop}.example.com/token', ['https://*.example.com']],
  ['https://{account}.example.com/token', ['https://*.example.com']],
  ['https://{shop}.example.com:8443/token', ['https://*.example.com:8443']],
  ['https://api-{shop}.example.com/token', ['https://*.example.com']],
  ['https://{shop}-api.example.com/token', ['https://*.example.com']],
  ['https://{shop}.{host}.example.com/token', ['https://*.example.com']],
  ['https://login.{shop}.example.com/token', ['https://*.example.com']],
  [
    'https://accounts.example.{tld}/token',
    ['https://accounts.example.com', 'https://accounts.example.eu'],
  ],
  [
    'https://{env|lower}.example.com/token',
    ['https://login.example.com', 'https://test.example.com'],
  ],
  ['https://{shop}.example.{tld}/token', ['https://*.example.com', 'https://*.example.eu']],
  ['https://{fixed}.example.com/token', ['https://pinned.example.com']],
  ['{limited}/token', ['https://*.example.com', 'https://login.example.org']],
  ['{pinned}/token', ['https://id.example.com']],
  ['{listed}/token', ['https://a.example.com', 'https://b.example.com']],
]

/** Those that say nothing about where the secret goes. */
const open = [
  '{any}/token',
  'https://{host}/token',
  'https://{shop}.{tld}/token',
  'https://login.{host}/token',
  'https://{shop}.com/token',
]

const keyOf = (tokenUrl: string) => `e${all.indexOf(tokenUrl)}`
const all = [...defined.map(([tokenUrl]) => tokenUrl), ...open]
const definitions = [
  ...all.map((tokenUrl, at) => {
    const element = oauthElement(9720 + at, keyOf(tokenUrl), { tokenUrl })
    return { ...element, entries: [...element.entries, ...entries] }
  }),
  oauthElement(9760, 'refreshing', {
    tokenUrl: 'https://login.example.com/token',
    refreshUrl: 'https://refresh.example.com/token',
  }),
]

let world: World
beforeAll(async () => {
  world = await startWorld({ definitions, allow: ['127.0.0.1:4000', 'vendor.internal'] })
})
afterAll(() => world[Symbol.asyncDispose]())

const keep = (key: string, more: object = {}) =>
  call(world, 'POST', '/oauth-apps', {
    body: { element: { key }, name: 'N', clientId: 'acme', clientSecret: 'a-long-secret', ...more },
  })

describe('the origins of an app profile, where none are stated,', () => {
  test.each(defined)('are for %s %j', async (tokenUrl, origins) => {
    const { body } = await keep(keyOf(tokenUrl))
    expect(body.origins).toEqual(origins)
  })

  test('are those of both endpoints, where tokens are refreshed at another', async () => {
    const { body } = await keep('refreshing')
    expect(body.origins).toEqual(['https://login.example.com', 'https://refresh.example.com'])
  })

  test.each(open)('are asked for, for %s', async (tokenUrl) => {
    const { body } = await keep(keyOf(tokenUrl))
    expect(body).toMatchObject({
      status: 400,
      code: 'oauth-app-origins-missing',
      missing: [{ key: 'origins', name: 'Origins' }],
    })
    const origins = ['https://login.example.com']
    expect((await keep(keyOf(tokenUrl), { origins })).body.origins).toEqual(origins)
  })
})

describe('origins that are stated', () => {
  test('are kept in their one spelling, each once', async () => {
    const origins = [
      'https://Shop.example.com:443/',
      'https://*.EXAMPLE.com',
      'https://shop.example.com',
      'http://127.0.0.1:4000',
      'http://vendor.internal',
      'https://*.example.com:8443',
    ]
    const { body } = await keep(keyOf('{any}/token'), { origins })
    expect(body.origins).toEqual([
      'http://127.0.0.1:4000',
      'http://vendor.internal',
      'https://*.example.com',
      'https://*.example.com:8443',
      'https://shop.example.com',
    ])
  })

  test.each([
    'http://login.example.com',
    'http://*.vendor.internal',
    'http://127.0.0.1:4001',
    'https://login.example.com/token',
    'https://login.example.com?',
    'https://login.example.com#',
    'https://user@login.example.com',
    'https://user:word@*.example.com',
    'https://login.example.com.',
    'https://*.example.com.',
    'https://*',
    'https://*.com',
    'https://*.0.0.1',
    'https://*.*.example.com',
    'https://a.*.example.com',
    'https://a*.example.com',
    'https://*example.com',
    'https://*.example.com/token',
    '*.example.com',
    'login.example.com',
    'ftp://login.example.com',
    'https://',
    'caller',
  ])('are refused with "%s" among them, which is named', async (origin) => {
    const { body } = await keep(keyOf('{any}/token'), {
      origins: ['https://login.example.com', origin],
    })
    expect(body).toMatchObject({ status: 400, code: 'body-invalid' })
    expect(body.invalid).toEqual([{ key: 'origins.1', reason: expect.any(String) }])
  })

  test.each<[string, unknown]>([
    ['an empty list', []],
    ['too many', Array(51).fill('https://login.example.com')],
    ['a text', 'https://login.example.com'],
    ['an origin that is too long', [`https://${'a'.repeat(300)}.example.com`]],
  ])('are refused as %s', async (_what, origins) => {
    const { body } = await keep(keyOf('{any}/token'), { origins })
    expect(body).toMatchObject({ status: 400, code: 'body-invalid' })
  })
})
