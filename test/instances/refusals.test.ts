import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { problems } from '../../src/http/errors.ts'
import { call, countStored, helpDesk } from '../support/client.ts'
import { elementWithTwoAuthentications } from '../support/elements.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
let stored: Record<string, number>
beforeAll(async () => {
  world = await startWorld({ definitions: [elementWithTwoAuthentications] })
})
afterAll(() => world[Symbol.asyncDispose]())
beforeEach(async () => {
  stored = await countStored(world)
})
// No refusal stores anything.
afterEach(async () => {
  expect(await countStored(world)).toEqual(stored)
})

const password = 'helpdesk.connectwise.password'
const username = 'helpdesk.connectwise.username'
const server = 'helpdesk.connectwise.server.url'

async function refused(code: keyof typeof problems, body: unknown, path = '/instances') {
  const answer = await call(world, 'POST', path, { body })
  expect([answer.body.code, answer.status]).toEqual([code, problems[code].status])
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
  expect(answer.headers['elements-error']).toBe(code)
  expect(answer.body).toMatchObject({
    type: `urn:latchkey:problem:${code}`,
    title: problems[code].title,
    status: answer.status,
    message: expect.stringMatching(/.{20}/),
    requestId: answer.headers['elements-request-id'],
  })
  return answer.body
}

const omit = (body: object, ...names: string[]) =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name)))

test('all missing, invalid and unknown entries are told at once, by key and label', async () => {
  const body = await refused('configuration-incomplete', {
    ...helpDesk(world),
    configuration: {
      [password]: '********',
      [server]: null,
      'helpdesk.connectwise.compny': 'company_f',
      'helpdesk.connectwise.wsdl.path': 'a\nb',
      'event.notification.enabled': 'perhaps',
      username: 'api1',
    },
  })
  expect(body.missing).toEqual([
    { key: 'helpdesk.connectwise.company', name: 'Company' },
    { key: server, name: 'Server URL' },
    { key: username, name: 'Integrator username' },
  ])
  expect(body.invalid.map((entry: { key: string }) => entry.key)).toEqual([
    password,
    'helpdesk.connectwise.wsdl.path',
    'event.notification.enabled',
  ])
  expect(body.unknown).toEqual([
    { key: 'helpdesk.connectwise.compny', nearest: 'helpdesk.connectwise.company' },
    { key: 'username', nearest: username },
  ])
  for (const { name } of body.missing) expect(body.message).toContain(name)
})

test('faults of the address and of the request do not hide each other, nor what is missing', async () => {
  const body = await refused('configuration-incomplete', {
    name: 'REST',
    element: { key: 'connectwisecrmrest' },
    configuration: {
      'base.url': 'javascript:x',
      company: 'a:x',
      'public.key': 'a:b',
      'connectwise.clientID': 'żółw',
    },
    settings: { timeZone: 'Middle/Earth' },
  })
  expect(body.missing).toEqual([{ key: 'private.key', name: 'Private key' }])
  expect(body.invalid.map(({ key }: { key: string }) => key).sort()).toEqual([
    'base.url',
    'company',
    'connectwise.clientID',
    'public.key',
    'settings.timeZone',
  ])
})

test('a key that only ends like one of the element is left out with a warning', async () => {
  const configuration = { 'oauth.callback.url': 'https://app.example.com', 'my.company': 'Acme' }
  const { missing, unknown } = await refused('configuration-incomplete', {
    ...helpDesk(world),
    configuration,
  })
  expect([missing.length, unknown]).toEqual([4, undefined])
})

test('a number that JSON may have rounded is refused in the place of a text', async () => {
  const body = `{"name": "x", "element": {"key": "connectwisehd"}, "configuration": {"${password}": 12345678901234567890}}`
  const answer = await call(world, 'POST', '/instances', {
    body,
    headers: { 'content-type': 'application/json' },
  })
  expect(answer.body.invalid).toEqual([
    { key: password, reason: expect.stringContaining('as a string') },
  ])
})

test('a universal address with a password in it is refused', async () => {
  const { invalid } = await refused(
    'configuration-invalid',
    helpDesk(world, { 'base.url': 'https://user:pass-word@h.example' }),
  )
  expect(invalid).toEqual([{ key: 'base.url', reason: expect.stringContaining('password') }])
})

test.each([
  ['settings', { rateLimits: Array.from({ length: 100_000 }, () => ({})) }],
  ['tags', Array.from({ length: 100_000 }, () => 7)],
  ['configuration', Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`k${at}`, []]))],
])('thousands of faults in %s make one small refusal', async (member, value) => {
  const answer = await call(world, 'POST', '/instances', {
    body: { ...helpDesk(world), [member]: value },
  })
  expect(answer.status).toBe(400)
  expect(answer.text.length).toBeLessThan(10_000)
})

test('an empty configuration names every required entry, whichever way it is empty', async () => {
  for (const configuration of [
    undefined,
    {},
    { [username]: '', [password]: null, [server]: '  ' },
  ]) {
    const { missing } = await refused('configuration-incomplete', {
      ...helpDesk(world),
      configuration,
    })
    expect(missing).toHaveLength(4)
  }
})

test('two spellings of one entry with different values are refused', async () => {
  const body = await refused('configuration-incomplete', {
    name: 'CRM',
    element: { key: 'connectwisecrm' },
    configuration: { 'crm.connectwise.username': 'one', 'helpdesk.connectwise.username': 'two' },
  })
  expect(body.invalid).toEqual([
    {
      key: 'helpdesk.connectwise.username',
      reason: expect.stringContaining('crm.connectwise.username'),
    },
  ])
})

test.each([
  ['ftp://example.com', 'must be an address'],
  ['https://user:word@example.com', 'user name or password'],
  ['https://example.com/?a=b', '"?"'],
  ['https://exa mple.com', 'must be an address'],
])('the server address %s is refused before anybody is asked', async (address, reason) => {
  const asked = world.sandbox.requests.length
  const body = await refused('configuration-invalid', helpDesk(world, { [server]: address }))
  expect(body.invalid).toEqual([{ key: server, reason: expect.stringContaining(reason) }])
  expect(world.sandbox.requests).toHaveLength(asked)
})

test.each(['', '   ', '<b></b>', '<script>alert(1)</script>'])(
  'the name "%s" is refused',
  async (name) => {
    await refused('name-missing', { ...helpDesk(world), name })
  },
)

test('a request without a name is refused', async () => {
  const body = await refused('name-missing', omit(helpDesk(world), 'name'))
  expect(body.invalid).toEqual([{ key: 'name', reason: 'is required' }])
})

test('each limit has its own refusal', async () => {
  const body = helpDesk(world)
  await refused('name-too-long', { ...body, name: 'x'.repeat(256) })
  await refused('tags-too-many', { ...body, tags: Array.from({ length: 51 }, (_, at) => `t${at}`) })
  await refused('tag-too-long', { ...body, tags: ['x'.repeat(256)] })
  const entries = Array.from({ length: 201 }, (_, at) => [`bulk.${at}`, 'x'])
  await refused('configuration-too-large', { ...body, configuration: Object.fromEntries(entries) })
  await refused('configuration-too-large', helpDesk(world, { [password]: 'x'.repeat(16_385) }))
  await refused('configuration-too-large', helpDesk(world, { [password]: '漢'.repeat(6000) }))
  await refused('body-too-large', helpDesk(world, { [password]: 'x'.repeat(1024 * 1024) }))
})

test('an unknown element is refused with the nearest keys', async () => {
  const body = await refused('element-not-found', {
    ...helpDesk(world),
    element: { key: 'conectwisehd' },
  })
  expect(body.choices[0]).toBe('connectwisehd')
  expect(body.message).toContain('connectwisehd')
  await refused('element-not-found', { ...helpDesk(world), element: { id: 4711 } })
  await refused(
    'element-not-found',
    omit(helpDesk(world), 'element'),
    '/elements/nothing/instances',
  )
})

test('a request that names no element, or two, is refused', async () => {
  const body = await refused('element-missing', omit(helpDesk(world), 'element'))
  expect(body.message).toContain('element')
  const { choices } = await refused('element-missing', { ...helpDesk(world), element: {} })
  expect(choices).toContain('connectwisehd')
  const two = { key: 'connectwisehd', id: 118 }
  await refused('body-invalid', { ...helpDesk(world), element: two })
  await refused('body-invalid', helpDesk(world), '/elements/connectwisecrm/instances')
})

test('several authentication types and none named are refused with the choices', async () => {
  const twofold = (more: object) => ({
    name: 'Twofold',
    element: { key: 'twofold' },
    configuration: { secret: 'swordfish', url: 'https://twofold.example.com' },
    ...more,
  })
  const { choices } = await refused('authentication-unclear', twofold({}))
  expect(choices).toEqual(['basic', 'soap'])
  await refused('authentication-unclear', twofold({ authentication: { type: 'digest' } }))
  await refused('authentication-unclear', {
    ...helpDesk(world, { 'authentication.type': 'soap' }),
    authentication: { type: 'basic' },
  })
})

test.each([
  [{ timeZone: 'Middle/Earth' }, 'settings.timeZone'],
  [{ dateFormat: 'nonsense' }, 'settings.dateFormat'],
  [{ dateFormat: "yyyy'T" }, 'settings.dateFormat'],
  [{ rateLimitId: 7 }, 'settings.rateLimitId'],
  [{ connectionPoolId: 3 }, 'settings.connectionPoolId'],
])('the settings %o are refused, naming the setting', async (settings, key) => {
  const { invalid } = await refused('settings-invalid', { ...helpDesk(world), settings })
  expect(invalid).toEqual([{ key, reason: expect.any(String) }])
})

test.each([
  ['a number as name', { name: 12 }],
  ['a string as tags', { tags: 'emea' }],
  ['an object as entry', { configuration: { [username]: { a: 1 } } }],
  ['a list as configuration', { configuration: [] }],
  ['a string as verify', { verify: 'false' }],
  ['an unknown unit', { settings: { rateLimits: [{ amount: 1, unit: 'fortnight' }] } }],
  ['an unknown externalAuthentication', { externalAuthentication: 'later' }],
])('nothing is converted in silence: %s is refused', async (_, members) => {
  const { invalid } = await refused('body-invalid', { ...helpDesk(world), ...members })
  expect(invalid.length).toBeGreaterThan(0)
})

test('a refresh token cannot be brought along to an element without OAuth', async () => {
  await refused('configuration-invalid', { ...helpDesk(world), externalAuthentication: 'initial' })
})

test.each(['{', '', '[]', 'null', '"x"', '{"__proto__": {"name": "x"}}'])(
  'the body %s is refused',
  async (body) => {
    const answer = await call(world, 'POST', '/instances', {
      body,
      headers: { 'content-type': 'application/json' },
    })
    expect([400, answer.body.code]).toContain(answer.status)
    expect(answer.body.requestId).toMatch(/^[0-9a-f]{24}$/)
  },
)

test.each(['text/xml', 'text/plain'])('a body of type %s is refused', async (type) => {
  const answer = await call(world, 'POST', '/instances', {
    body: '<instance/>',
    headers: { 'content-type': type },
  })
  expect([answer.status, answer.body.code]).toEqual([415, 'media-type-unsupported'])
})
