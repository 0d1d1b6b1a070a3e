import { afterAll, beforeAll, expect, test } from 'vitest'
import { definitions } from './audit/scene.ts'
import { operations } from './isolation/operations.ts'
import { rowsOf } from './isolation/rows.ts'
import { makeThings, type Things } from './isolation/things.ts'
import { type Intruder, type Intrusion, intrude } from './isolation/walk.ts'
import { startOperatedWorld } from './operator/operator.ts'
import { call, helpDesk } from './support/client.ts'
import { addColleague } from './support/colleague.ts'
import { consentElement } from './support/consent-elements.ts'
import type { World } from './support/world.ts'

/** An element of which an instance may name a certificate. */
const mutualElement = {
  format: 1,
  id: 9803,
  key: 'mutual',
  name: 'Mutual',
  hub: 'general',
  description: 'Knows its callers by their certificates.',
  configDescription: 'Made up for the tests.',
  image: 'elements/mutual.png',
  entries: [
    { key: 'server', name: 'Server', type: 'url', required: true },
    { key: 'cert', name: 'Certificate', type: 'certificate', required: true },
  ],
  baseUrl: '{server}',
  authentications: [{ type: 'certificate', name: 'Certificate', certificate: 'cert' }],
}

let world: World
let victim: Things
let stranger: Things
let colleague: { authorization: string }
let definition: object

beforeAll(async () => {
  world = await startOperatedWorld({
    definitions: [...definitions, mutualElement, consentElement(9804, 'consented')],
  })
  victim = await makeThings(world)
  stranger = await makeThings({ ...world, ...(await world.addOrganization()) })
  colleague = await addColleague(world)
  const { body } = await call(world, 'GET', '/elements/connectwisehd/export')
  definition = { ...body, key: 'taken' }
})
afterAll(() => world[Symbol.asyncDispose]())

const guarded = operations.filter(({ open }) => !open)

/** The instance that is meant is the one whose token the header names. */
const isOfToken = ({ operationId }: Intrusion['operation']) =>
  /OfToken$|^ping|^call[A-Z]/.test(operationId)

const isRefused = ({ answer }: Intrusion) => [401, 403, 404].includes(answer.status)

/** Whether it shows anything by which the victim's things can be told. */
const tells = ({ answer }: Intrusion) =>
  [victim.marker, victim.instance.token].some((mark) => answer.text.includes(mark))
const tellsElement = ({ answer }: Intrusion) => answer.text.includes(victim.element.name)

const show = ({ operation, method, path, body, answer }: Intrusion) =>
  `${operation.operationId}: ${method} ${path} ${JSON.stringify(body)?.slice(0, 200)} → ${answer.status} ${answer.text.slice(0, 200)}`

async function walk(among: typeof operations, intruder: Intruder): Promise<Intrusion[]> {
  const intrusions: Intrusion[] = []
  for (const operation of among) {
    intrusions.push(...(await intrude(world, operation, victim, intruder, definition)))
  }
  expect(intrusions.length).toBeGreaterThan(among.length - 1)
  return intrusions
}

const partOf = ({ authorization }: { authorization: string }, part: 'User' | 'Organization') =>
  authorization.split(', ').find((one) => one.startsWith(part))!

test("another organization's user reads and changes nothing, by whichever route", async () => {
  const before = await rowsOf(world, world.organizationId)
  const { authorization } = stranger
  const intrusions = await walk(operations, { authorization, own: stranger })
  expect(intrusions.filter((one) => tells(one) || tellsElement(one)).map(show)).toEqual([])
  const foreign = intrusions.filter(({ named }) => named)
  expect(foreign.length).toBeGreaterThan(guarded.length)
  expect(foreign.filter((one) => !isRefused(one)).map(show)).toEqual([])
  expect(await rowsOf(world, world.organizationId)).toEqual(before)
})

test("another organization's user gets nowhere with parts of the header that are not theirs", async () => {
  const before = await rowsOf(world, world.organizationId)
  const { authorization } = stranger
  const [theirs, mine] = [stranger, victim]
  const mixed = [
    `${partOf(theirs, 'User')}, ${partOf(mine, 'Organization')}`,
    `${partOf(mine, 'User')}, ${partOf(theirs, 'Organization')}`,
    partOf(mine, 'Organization'),
    `Element ${victim.instance.token}`,
  ]
  for (const header of mixed) {
    const intrusions = await walk(guarded, { authorization: header })
    expect(intrusions.filter(({ answer }) => answer.status !== 401).map(show)).toEqual([])
  }
  const ofToken = guarded.filter(isOfToken)
  expect(ofToken.length).toBeGreaterThan(5)
  const header = `${authorization}, Element ${victim.instance.token}`
  const intrusions = await walk(ofToken, { authorization: header })
  expect(intrusions.filter((one) => !isRefused(one)).map(show)).toEqual([])
  expect(await rowsOf(world, world.organizationId)).toEqual(before)
})

test('nobody gets anywhere without a header, but where everybody may', async () => {
  const intrusions = await walk(guarded, { authorization: '' })
  expect(intrusions.filter(({ answer }) => answer.status !== 401).map(show)).toEqual([])
})

/** Requests of the stranger's that name what is the victim's beside what is their own. */
function besides({
  id,
  key,
  user,
}: {
  id: (of: (things: Things) => number) => number
  key: string
  user: number
}) {
  const callback = 'callbackUrl=https%3A%2F%2Fapp.example.com%2F'
  const oauthAppId = id((things) => things.oauthAppId)
  const instanceId = id(({ instance }) => instance.id)
  const consent = { element: { key: 'consented' }, authentication: { type: 'oauth2', oauthAppId } }
  const server = 'https://api.example.com'
  const configuration = { server }
  const certificate = { server, cert: id(({ certificateId }) => certificateId) }
  const link = { allowedOrigin: 'https://app.example.com' }
  const app = { name: 'Taken', clientId: 'taken', clientSecret: 'taken' }
  const url = '/elements/consented/oauth/url'
  return [
    ['POST', `/instances/${stranger.instance.id}/replace`, { by: instanceId }],
    ['DELETE', `/users/${stranger.user.id}?reassignTo=${user}`],
    ['GET', `${url}?oauthAppId=${oauthAppId}&${callback}`],
    ['GET', `${url}?instanceId=${instanceId}&${callback}`],
    ['POST', '/instances', { name: 'Taken', ...consent, configuration, verify: false }],
    [
      'POST',
      '/instances',
      { name: 'Taken', element: { key: 'mutual' }, configuration: certificate },
    ],
    ['POST', '/instances', { ...helpDesk(world), element: { key } }],
    ['POST', '/oauth-apps', { ...app, element: { key } }],
    ['POST', '/connect-sessions', { ...link, element: { key } }],
    ['POST', '/connect-sessions', { ...link, ...consent, configuration }],
    ['POST', '/connect-sessions', { ...link, instanceId }],
  ] as const
}

test("another organization's things are as good as not there where they are named", async () => {
  const before = await rowsOf(world, world.organizationId)
  const nobodys = 8_999_999_999
  const theirs = besides({ id: (of) => of(victim), key: victim.element.key, user: victim.userId })
  const none = besides({ id: () => nobodys, key: 'ownnobodys', user: nobodys })
  for (const [at, [method, path, body]] of theirs.entries()) {
    const { authorization } = stranger
    const answer = await call(world, method, path, { body, authorization })
    const [, otherPath, otherBody] = none[at]!
    const other = await call(world, method, otherPath, { body: otherBody, authorization })
    expect([method, path, answer.status, answer.body?.code]).toEqual([
      method,
      path,
      other.status,
      other.body.code,
    ])
    expect([path, answer.status]).not.toEqual([path, 200])
  }
  expect(await rowsOf(world, world.organizationId)).toEqual(before)
})

/** What its organization sees of an element, and does with it, is not its maker's alone. */
const ofCatalogue = ({ path, method }: Intrusion['operation']) =>
  path.startsWith('/elements/{keyOrId}') && !path.includes('{id}') && !/PUT|DELETE/.test(method)

test('a second user of the organization reads and changes nothing of the first', async () => {
  const before = await rowsOf(world, world.organizationId)
  const { authorization } = colleague
  const intrusions = await walk(operations, { authorization })
  const foreign = intrusions.filter(({ named, operation }) => named && !ofCatalogue(operation))
  expect(foreign.filter((one) => !isRefused(one)).map(show)).toEqual([])
  expect(intrusions.filter(tells).map(show)).toEqual([])
  const header = `${authorization}, Element ${victim.instance.token}`
  const throughToken = await walk(guarded.filter(isOfToken), { authorization: header })
  expect(throughToken.filter((one) => !isRefused(one)).map(show)).toEqual([])
  const after = await rowsOf(world, world.organizationId)
  for (const [table, rows] of before) {
    expect([table, after.get(table)]).toEqual([table, expect.arrayContaining(rows)])
  }
})

/** Pages and the operator have keys of their own; secrets are read with a password; the element of the walk needs no consent; vendors answer calls. */
const isElsewhere = ({ path }: Intrusion['operation']) =>
  /^\/(?:authentication\/secrets|connect\/session|operator|proxy)|\/oauth\/(?:url|token)$/.test(
    path,
  )

test('the first user gets to all of it with the same requests', async () => {
  const reading = guarded.filter((one) => one.method === 'GET' && !isElsewhere(one))
  const authorization = `${victim.authorization}, Element ${victim.instance.token}`
  const intrusions = await walk(reading, { authorization })
  const served = new Set(
    intrusions
      .filter(({ answer }) => answer.status === 200)
      .map(({ operation }) => operation.operationId),
  )
  const closed = reading.filter(({ operationId }) => !served.has(operationId))
  expect(closed.map(({ operationId }) => operationId)).toEqual([])
})
