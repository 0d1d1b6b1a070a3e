import { expect, test } from 'vitest'
import { showConfiguration } from '../../src/definition/configuration.ts'
import { checkOf, definition, element, faultsOf, probe } from './definition.ts'

const server = { key: 'url', name: 'Server', type: 'url', required: true }
const secret = { key: 'key', name: 'Key', type: 'password', secret: true }
const open = { authentications: [{ type: 'none', name: 'None' }], baseUrl: '{url}', probes: [] }
const formed = (...entries: object[]) => ({ ...open, entries: [server, ...entries] })
const check = (entries: object[], given = {}) =>
  checkOf(element(formed(...entries)), { url: 'host', ...given })

const site = { key: 'site', name: 'Site', type: 'text', normalise: 'host|before:.example.com' }
const realm = { key: 'realm', name: 'Realm', type: 'text', derived: '{account|upper|replace:-:_}' }
const account = { key: 'account', name: 'Account', type: 'text', required: true }
const fixed = { key: 'grant', name: 'Grant', type: 'text', constant: 'password' }
const zone = { key: 'zone', name: 'Zone', type: 'url', discovered: true, hosts: ['*.example.com'] }
const region = {
  key: 'region',
  name: 'Region',
  type: 'text',
  required: true,
  options: [{ value: 'eu', name: 'Europe' }, { value: 'us' }],
}
const lettered = {
  key: 'code',
  name: 'Code',
  type: 'text',
  pattern: '[A-Z]{2}\\d+',
  placeholder: 'AB12',
}

test.each<[string, object[], object, object]>([
  ['region', [region], { region: 'fr' }, { reason: 'must be one of "eu", "us"' }],
  [
    'code',
    [lettered],
    { code: 'xAB12' },
    { reason: 'does not have the form that is wanted, such as "AB12"' },
  ],
  [
    'code',
    [lettered],
    { code: 'AB12x' },
    { reason: 'does not have the form that is wanted, such as "AB12"' },
  ],
])('%s that is none of what may be given is refused', (key, entries, given, fault) => {
  expect(check(entries, given).invalid).toEqual([{ key, ...fault }])
})

test('a pattern that other engines take for ever with is answered at once', () => {
  const costly = { key: 'code', name: 'Code', type: 'text', pattern: '(a+)+b' }
  expect(check([costly], { code: 'a'.repeat(16_000) }).invalid).toHaveLength(1)
})

test('what is required but hidden is asked of nobody', () => {
  expect(check([{ ...account, hidden: true }]).missing).toEqual([])
})

test('an entry is needed, kept and used with its own authentications only', () => {
  const authentications = [
    { type: 'none', name: 'None' },
    { type: 'bearer', name: 'Token', token: '{key}' },
  ]
  const bound = { ...secret, required: true, authentications: ['bearer'] }
  const both = element({ ...formed(bound), authentications })
  const without = checkOf(both, { url: 'host', key: 'k' })
  expect(without.missing).toEqual([])
  expect(without.secrets.size).toBe(0)
  expect(without.warnings).toEqual([
    { key: 'key', message: 'is for another type of authentication and was left out' },
  ])
  const [, bearer] = both.authentications
  expect(checkOf({ ...both, authentications: [bearer!] }, { url: 'host' }).missing).toEqual([
    { key: 'key', name: 'Key' },
  ])
})

test('what was given goes into requests as it is normalised, and is answered as it was given', () => {
  const { values, plain } = check([site], { site: ' https://acme.example.com/login ' })
  expect(values.get('site')).toBe('acme')
  expect(plain.site).toBe(' https://acme.example.com/login ')
})

test('constants and what is derived are made by us, whatever is sent; what is no secret is shown', () => {
  const entries = [account, realm, fixed]
  const given = { account: 'td12-sb1', realm: 'mine', grant: 'other' }
  const { values, plain, secretKeys } = check(entries, given)
  expect([values.get('realm'), values.get('grant')]).toEqual(['TD12_SB1', 'password'])
  expect(showConfiguration(element(formed(...entries)), plain, [])).toEqual({
    url: 'host',
    account: 'td12-sb1',
    realm: 'TD12_SB1',
    grant: 'password',
  })
  expect(secretKeys.size).toBe(0)
})

test('a part of a secret is shown only where the definition says that it is none', () => {
  const part = { key: 'part', name: 'Part', type: 'text', derived: '{key|after:-}' }
  const shown = check([secret, { ...part, secret: false }], { key: 'abc-us21' })
  expect(shown.plain.part).toBe('us21')
  const kept = check([secret, { ...part, secret: true }], { key: 'abc-us21' })
  expect(kept.plain).not.toHaveProperty('part')
  expect(kept.secretKeys).toContain('part')
})

test('hidden entries are not among those that are shown, unless they were given', () => {
  const hidden = { key: 'inner', name: 'Inner', type: 'text', hidden: true, default: 'x' }
  const shown = (given: object) =>
    showConfiguration(element(formed(hidden)), check([hidden], given).plain, [])
  expect(shown({})).toEqual({ url: 'host' })
  expect(shown({ inner: 'y' })).toEqual({ url: 'host', inner: 'y' })
})

const certificate = { key: 'cert', name: 'Certificate', type: 'certificate', required: true }

test.each([
  [{ cert: 17 }, { id: 17 }],
  [{ cert: '17' }, { id: 17 }],
  [{ cert: '-----BEGIN' }, { file: '-----BEGIN' }],
  [
    { cert: 'MIIabc', 'cert.passphrase': 'p' },
    { file: 'MIIabc', passphrase: 'p' },
  ],
])('a certificate may be given as %j', (given, taken) => {
  const { certificates, secrets, missing, warnings } = check([certificate], given)
  expect(certificates.get('cert')).toEqual(taken)
  expect({ missing, warnings, secrets: secrets.size }).toEqual({
    missing: [],
    warnings: [],
    secrets: 0,
  })
})

test.each([true, 1.5, '********'])('%j is no certificate', (cert) => {
  expect(check([certificate], { cert }).invalid.map(({ key }) => key)).toEqual(['cert'])
})

const step = (changes: object) => ({ ...probe, path: 'x', query: {}, ...changes })
const session = {
  type: 'session',
  name: 'Login',
  login: step({ method: 'POST', extract: { 'session.token': { json: '/token' } } }),
  headers: { authorization: '{session.token}' },
}

test.each<[string, object, string]>([
  [
    'a default and a constant',
    formed({ ...fixed, default: 'x' }),
    '/entries/1: is default and constant at once: keep one',
  ],
  [
    'a constant that is asked for',
    formed({ ...fixed, required: true }),
    '/entries/1/required: nobody is asked for what is constant',
  ],
  [
    'a constant secret',
    formed({ ...secret, constant: 'x' }),
    '/entries/1/constant: a secret cannot have one',
  ],
  [
    'a default that is no option',
    formed({ ...region, default: 'fr' }),
    '/entries/1/default: is none of the options',
  ],
  [
    'an option twice',
    formed({ ...region, options: [{ value: 'eu' }, { value: 'eu' }] }),
    '/entries/1/options: has a value twice',
  ],
  [
    'a pattern with look-ahead',
    formed({ ...lettered, pattern: '(?=a)b' }),
    '/entries/1/pattern: is no regular expression of RE2, which knows no look-around',
  ],
  [
    'a filter that is none',
    formed({ ...site, normalise: 'lower|shout' }),
    '/entries/1/normalise: "shout" is no filter',
  ],
  [
    'a derived one before its source',
    formed(realm, account),
    '/entries/1/derived: {account} is no entry that stands before it',
  ],
  [
    'a derived one of a secret',
    formed(secret, { ...realm, derived: '{key}' }),
    '/entries/2/secret: is made from the secret {key}: say whether it is secret too',
  ],
  [
    'hosts of a text',
    formed({ ...site, hosts: ['a'] }),
    '/entries/1/hosts: is for entries of type url',
  ],
  [
    'a secret certificate',
    formed({ ...certificate, secret: true }),
    '/entries/1/secret: certificates are kept apart: leave it out',
  ],
  [
    'a certificate in a text',
    { ...formed(certificate), headers: { a: '{cert}' } },
    '/headers/a: {cert} is a certificate, which no text can hold',
  ],
  [
    'an authentication that is none',
    formed({ ...site, authentications: ['x'] }),
    '/entries/1/authentications: the element has no authentication "x"',
  ],
  [
    'a key that templates use',
    formed({ ...site, key: 'session.x' }),
    '/entries: "session.x" is a name that templates use',
  ],
  [
    'a discovered one that nothing extracts',
    formed(zone),
    '/entries/1/discovered: no step extracts it',
  ],
  [
    'an address from anywhere',
    formed({ ...zone, hosts: undefined }),
    '/entries/1/hosts: is an address that the vendor tells: say which hosts it may name',
  ],
  [
    'a discovered one used too early',
    { ...formed(zone), baseUrl: '{zone}', probes: [step({ extract: { zone: { json: '/url' } } })] },
    '/probes/0: needs {zone} before any step has extracted it',
  ],
  [
    'what is extracted to an entry that is asked for',
    { ...formed(account), probes: [step({ extract: { account: { json: '/a' } } })] },
    '/probes/0/extract/account: must be an entry that is discovered',
  ],
  [
    'two ways to find it',
    { ...formed(zone), probes: [step({ extract: { zone: { json: '/a', header: 'b' } } })] },
    '/probes/0/extract/zone: must be found in one way: json, xml, form or header',
  ],
  [
    'a step that cannot succeed',
    { ...formed(), probes: [step({ rules: [] })] },
    '/probes/0/rules: no rule says when it is verified',
  ],
  [
    'a value of a session that nothing yields',
    { ...formed(), authentications: [{ ...session, headers: { a: '{session.other}' } }] },
    '/authentications/0/headers/a: the placeholder {session.other} names no entry',
  ],
  [
    'a placeholder of another type',
    { ...formed(), authentications: [{ type: 'bearer', name: 'B', token: '{request.path}' }] },
    '/authentications/0/token: the placeholder {request.path} names no entry',
  ],
  [
    'a certificate that is a text',
    { ...formed(site), authentications: [{ type: 'certificate', name: 'C', certificate: 'site' }] },
    '/authentications/0/certificate: must be an entry of type certificate',
  ],
  [
    'two of one type without keys',
    { ...formed(), authentications: [session, session] },
    '/authentications: "session" is there twice: give each a key',
  ],
  [
    'a secret in the base of a step',
    { ...formed(secret), probes: [step({ base: 'https://{key}.example.com' })] },
    '/probes/0/base: must not hold the secret {key}: addresses are shown',
  ],
  [
    'a header of the connection',
    { ...formed(), authentications: [{ type: 'headers', name: 'H', headers: { Host: 'a' } }] },
    '/authentications/0/headers: "Host" belongs to the connection and is never sent',
  ],
  [
    'a body for a request that has none',
    {
      ...formed(),
      authentications: [{ type: 'body', name: 'B', fields: { a: 'b' } }],
      probes: [step({})],
    },
    '/probes/0/body: body needs a POST or PUT, of JSON or a form, to put credentials in',
  ],
  [
    'a time zone that is none',
    { settings: { timeZone: 'Mars/Base' } },
    '/settings/timeZone: is no IANA time zone',
  ],
  ['a date format that is none', { settings: { dateFormat: "yyyy'T" } }, '/settings/dateFormat: '],
  ...[
    'Authorization',
    'COOKIE',
    'Host',
    'Elements-Retry',
    'X-Forwarded-For',
    'Transfer-Encoding',
  ].map((name): [string, object, string] => [
    `the header ${name} for a vendor`,
    { gateway: { requestHeaders: ['x-own', name] } },
    `/gateway/requestHeaders/1: "${name}" is for the gateway`,
  ]),
  [
    'a key that is the token',
    { gateway: { idempotencyHeader: 'authorization' } },
    '/gateway/idempotencyHeader: "authorization" is for the gateway',
  ],
  [
    'a header that is none',
    { gateway: { requestHeaders: ['a b'] } },
    '/gateway/requestHeaders/0: ',
  ],
  ...[0, 3601, 1.5, '60'].map((timeoutSeconds): [string, object, string] => [
    `${JSON.stringify(timeoutSeconds)} seconds until an answer`,
    { gateway: { timeoutSeconds } },
    '/gateway/timeoutSeconds: ',
  ]),
])('%s is refused, with its place', (_, changes, fault) => {
  const faults = faultsOf(JSON.parse(JSON.stringify(definition(changes))))
  expect(faults.filter((one) => one.startsWith(`x.json${fault}`))).not.toEqual([])
})

test.each<[string, object]>([
  ['a session', { ...formed(), authentications: [session] }],
  [
    'two of one type with keys',
    { ...formed(), authentications: [session, { ...session, key: 'other' }] },
  ],
  [
    'an address that the first step finds',
    {
      ...formed(zone),
      baseUrl: '{zone}',
      probes: [step({ base: '{url}', extract: { zone: { json: '/url' } } }), step({})],
    },
  ],
  [
    'default settings',
    {
      settings: {
        timeZone: 'Europe/Paris',
        dateFormat: 'unix',
        rateLimits: [{ amount: 150, unit: 'second', every: 30 }],
        concurrency: 5,
      },
    },
  ],
  [
    'what the gateway has to know',
    {
      settings: { retries: 2 },
      gateway: {
        throttled: [{ status: 403, header: { name: 'x-left', equals: '0' } }],
        idempotencyHeader: 'Idempotency-Key',
        requestHeaders: ['Vendor-Mode'],
        timeoutSeconds: 600,
      },
    },
  ],
  [
    'a failure as a rule',
    {
      ...formed(),
      probes: [
        step({ rules: [...probe.rules, { when: { failure: ['tls'] }, verdict: 'rejected' }] }),
      ],
    },
  ],
  [
    'a filter in the base URL',
    { ...formed(account), baseUrl: 'https://{account|lower|replace:_:-}.example.com' },
  ],
  ['where editors find the schema', { $schema: '../element.schema.json' }],
])('%s is accepted', (_, changes) => {
  expect(faultsOf(JSON.parse(JSON.stringify(definition(changes))))).toEqual([])
})

test('values that a definition makes longer and longer come to an end', () => {
  const doubled = Array.from({ length: 40 }, (_, at) => ({
    key: `d${at}`,
    name: 'Doubled',
    type: 'text',
    derived: at === 0 ? '{account}{account}' : `{d${at - 1}}{d${at - 1}}`,
  }))
  const { invalid } = check([account, ...doubled], { account: 'a'.repeat(1000) })
  expect(new Set(invalid.map(({ reason }) => reason))).toEqual(new Set(['becomes too long']))
  const grown = { ...account, normalise: Array(40).fill('replace:a:aaaaaaaaaa').join('|') }
  expect(check([grown], { account: 'a' }).invalid).toEqual([
    { key: 'account', reason: 'becomes too long' },
  ])
})
