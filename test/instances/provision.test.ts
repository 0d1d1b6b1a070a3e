import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, helpDesk } from '../support/client.ts'
import { elementWithoutProbe } from '../support/elements.ts'
import { startWorld, type World } from '../support/world.ts'
import crmSample from './golden/connectwisecrm.json' with { type: 'json' }
import helpDeskSample from './golden/connectwisehd.json' with { type: 'json' }

let world: World
beforeAll(async () => {
  world = await startWorld({ definitions: [elementWithoutProbe] })
})
afterAll(() => world[Symbol.asyncDispose]())

const additions = [
  'createdDate',
  'updatedDate',
  'elementId',
  'user',
  'externalAuthentication',
  'traceLoggingEnabled',
  'settings',
  'authentication',
  'state',
  'stateSince',
  'stateReason',
  'verifiedAt',
  'lastCheck',
  'externalId',
  'warnings',
]

/** The sample that clients know: what of an answer does not vary, and is not our addition. */
function sampleOf(body: Record<string, unknown>) {
  const members = Object.entries(body).filter(
    ([name]) => !['id', 'token', ...additions].includes(name),
  )
  return JSON.parse(
    JSON.stringify(Object.fromEntries(members)).replaceAll(world.sandbox.url, '<sandbox>'),
  )
}

const crmConfiguration = (prefix: string) => ({
  [`${prefix}.connectwise.username`]: 'api1',
  [`${prefix}.connectwise.password`]: 'api1',
  [`${prefix}.connectwise.server.url`]: world.sandbox.url,
  [`${prefix}.connectwise.company`]: 'company_f',
})

const rest = () => ({
  'base.url': `${world.sandbox.url}/v4_6_release/apis/3.0`,
  company: 'company_f',
  'public.key': 'sandbox-public',
  'private.key': 'sandbox-private',
  'connectwise.clientID': '1d2f3a4b-5c6d-4e7f-8091-a2b3c4d5e6f7',
})

test('the seed request for the help desk answers the sample that clients know', async () => {
  const { status, body } = await call(world, 'POST', '/instances', { body: helpDesk(world) })
  expect(status).toBe(200)
  expect(sampleOf(body)).toEqual(helpDeskSample)
  expect(Object.keys(body.configuration)).toEqual(Object.keys(helpDeskSample.configuration))
  expect(Number.isSafeInteger(body.id)).toBe(true)
  expect(body.token).toMatch(/^lki_[0-9a-z]+_[0-9A-Za-z]{49}$/)
})

test('the additions to the sample say who, when and how', async () => {
  const { body } = await call(world, 'POST', '/instances', {
    body: { ...helpDesk(world), externalId: 'customer-4711' },
  })
  expect(body).toMatchObject({
    elementId: 117,
    user: { id: world.userId, emailAddress: expect.stringContaining('@') },
    externalAuthentication: 'none',
    traceLoggingEnabled: false,
    settings: {},
    authentication: { type: 'soap' },
    state: 'verified',
    stateReason: null,
    externalId: 'customer-4711',
    warnings: [],
  })
  for (const date of ['createdDate', 'updatedDate', 'stateSince', 'verifiedAt']) {
    expect(body[date]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  }
})

test.each(['crm', 'helpdesk'])(
  'CRM takes its entries as %s.* and answers them as crm.*',
  async (prefix) => {
    const { status, body } = await call(world, 'POST', '/instances', {
      body: {
        element: { key: 'connectwisecrm' },
        configuration: crmConfiguration(prefix),
        tags: ['crm'],
        name: 'Test',
      },
    })
    expect(status).toBe(200)
    expect(sampleOf(body)).toEqual(crmSample)
  },
)

test.each([
  ['base.url', ''],
  ['baseUrl', ''],
  ['baseURL', '/v4_6_release/apis/3.0'],
])('REST is provisioned with its address in %s ending in "%s"', async (key, path) => {
  const { 'base.url': _, ...others } = rest()
  const { status, body } = await call(world, 'POST', '/elements/connectwisecrmrest/instances', {
    body: { name: 'REST', configuration: { ...others, [key]: world.sandbox.url + path } },
  })
  expect([status, body.configuration['private.key'], body.authentication.type]).toEqual([
    200,
    '********',
    'basic',
  ])
  expect(body.configuration['base.url']).toBe(world.sandbox.url + path)
})

test('an element is named by key or id, in the body or in the path, with or without the prefix', async () => {
  const { element: _, ...body } = helpDesk(world)
  for (const [path, named] of [
    ['/instances', { element: { id: 117 } }],
    ['/elements/117/instances', {}],
    ['/elements/connectwisehd/instances', { element: { key: 'connectwisehd' } }],
    ['/elements/api-v2/instances', { element: { key: 'connectwisehd' } }],
    ['/elements/api-v2/elements/connectwisehd/instances', {}],
  ] as const) {
    const answer = await call(world, 'POST', path, { body: { ...body, ...named } })
    expect([path, answer.status, answer.body.element?.key]).toEqual([path, 200, 'connectwisehd'])
  }
})

test('the parts of the header come in any order and case', async () => {
  const [user, organization] = world.authorization.split(', ') as [string, string]
  const { body: instance } = await call(world, 'POST', '/instances', { body: helpDesk(world) })
  for (const authorization of [
    `${organization}, ${user}`,
    `${organization},${user}`,
    world.authorization.replace('User', 'user').replace('Organization', 'ORGANIZATION'),
    `Element ${instance.token}, ${organization}, ${user}`,
  ]) {
    const answer = await call(world, 'GET', `/instances/${instance.id}`, { authorization })
    expect([authorization, answer.status]).toEqual([authorization, 200])
  }
})

test('an instance reads the same again, token included, for its owner', async () => {
  const created = await call(world, 'POST', '/instances', { body: helpDesk(world) })
  for (const prefix of ['', '/elements/api-v2']) {
    const read = await call(world, 'GET', `${prefix}/instances/${created.body.id}`)
    expect(read.body).toEqual(created.body)
    expect(read.headers.etag).toBe('"1"')
  }
  expect(created.headers['elements-request-id']).toMatch(/^[0-9a-f]{24}$/)
})

test('markup is taken out of names and tags, its text stays; tags left out are the name', async () => {
  const { tags: _, ...body } = { ...helpDesk(world), name: '<b>Acme</b> & Co' }
  const first = await call(world, 'POST', '/instances', { body })
  expect([first.body.name, first.body.tags]).toEqual(['Acme & Co', ['Acme & Co']])
  const tags = ['<i>emea</i>', 'a < b', 'emea', '<br>']
  const second = await call(world, 'POST', '/instances', { body: { ...body, tags } })
  expect(second.body.tags).toEqual(['emea', 'a < b'])
})

test('universal entries are kept with a warning, unknown ones left out with one', async () => {
  const configuration = {
    'pagination.max': 50,
    'event.notification.signature.key': 's1gnature',
    shoe: 'size 43',
  }
  const { body } = await call(world, 'POST', '/instances', { body: helpDesk(world, configuration) })
  expect(body.configuration).toMatchObject({
    'pagination.max': 50,
    'event.notification.signature.key': '********',
  })
  expect(body.configuration).not.toHaveProperty('shoe')
  expect(body.warnings.map((warning: { key: string }) => warning.key).sort()).toEqual([
    'event.notification.signature.key',
    'pagination.max',
    'shoe',
  ])
})

test('a member of the request that nobody knows is ignored with a warning', async () => {
  const body = { ...helpDesk(world), retrieveObjectsAfterInstantiation: true, colour: 'red' }
  const { status, body: instance } = await call(world, 'POST', '/instances', { body })
  expect(status).toBe(200)
  expect(instance.warnings).toEqual([
    { key: 'colour', message: 'is no member of this request and was ignored' },
  ])
})

test('an answered instance can be sent back, but for its secrets', async () => {
  const { body: instance } = await call(world, 'POST', '/instances', { body: helpDesk(world) })
  const configuration = { ...instance.configuration, 'helpdesk.connectwise.password': 'api1' }
  const again = await call(world, 'POST', '/instances', { body: { ...instance, configuration } })
  expect([again.status, again.body.warnings]).toEqual([200, []])
  expect(again.body.id).not.toBe(instance.id)
})

test('where an element offers one type of authentication, another name is a warning', async () => {
  const { status, body } = await call(world, 'POST', '/instances', {
    body: { ...helpDesk(world), authentication: { type: 'basic' } },
  })
  expect([status, body.authentication]).toEqual([200, { type: 'soap' }])
  expect(body.warnings).toEqual([
    { key: 'authentication.type', message: expect.stringContaining('the only type') },
  ])
})

test('markup does not count to the length of a name', async () => {
  const name = `<b>${'a'.repeat(255)}</b>`
  const { status, body } = await call(world, 'POST', '/instances', {
    body: { ...helpDesk(world), name },
  })
  expect([status, body.name]).toEqual([200, 'a'.repeat(255)])
})

test('an instance says who made it, from where, and is not to be cached', async () => {
  const { body, headers } = await call(world, 'POST', '/instances', { body: helpDesk(world) })
  expect(headers['cache-control']).toBe('no-store')
  const { rows } = await world.context.db.pool.query(
    'select user_id, action, address, request_id from audit_entries where instance_id = $1',
    [body.id],
  )
  expect(rows).toEqual([
    {
      user_id: world.userId,
      action: 'instance.created',
      address: '127.0.0.1',
      request_id: headers['elements-request-id'],
    },
  ])
})

test('a draft is stored without asking the vendor, and is not valid', async () => {
  const asked = world.sandbox.requests.length
  const configuration = { 'helpdesk.connectwise.password': 'not right at all' }
  const { status, body } = await call(world, 'POST', '/instances', {
    body: { ...helpDesk(world, configuration), verify: false },
  })
  expect(status).toBe(200)
  expect(body).toMatchObject({ state: 'draft', valid: false, verifiedAt: null })
  expect(body.stateReason).toContain('verify')
  expect(world.sandbox.requests).toHaveLength(asked)
})

test('an element without a probe is stored openly unverified', async () => {
  const { status, body } = await call(world, 'POST', '/instances', {
    body: { name: 'Quiet', element: { key: 'quiet' }, configuration: { secret: 'swordfish' } },
  })
  expect(status).toBe(200)
  expect(body).toMatchObject({ state: 'unverified', valid: true, verifiedAt: null })
  expect(body.stateReason).toMatch(/nothing to check/)
})

test('settings are kept as they are given', async () => {
  const settings = {
    timeZone: 'Europe/Paris',
    dateFormat: "yyyy-MM-dd'T'HH:mm:ssXXX",
    rateLimits: [
      { amount: 10, unit: 'second' },
      { amount: 5000, unit: 'day' },
    ],
  }
  const { body } = await call(world, 'POST', '/instances', {
    body: { ...helpDesk(world), settings },
  })
  expect(body.settings).toEqual(settings)
})
