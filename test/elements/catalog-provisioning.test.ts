import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { keyOf } from '../../src/authentication/authentication.ts'
import { type Element, parseElement } from '../../src/definition/element.ts'
import { problems } from '../../src/http/errors.ts'
import { call } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'
import { callbackUrl, refreshToken } from './stand-ins/consent.ts'
import { type StandInServer, startStandIns, towards } from './stand-ins/server.ts'
import { type Configuration, limited, right, sessionToken, wrong } from './stand-ins/stand-in.ts'
import { vendors } from './stand-ins/vendors.ts'

const folder = new URL('../../src/elements/definitions/', import.meta.url)
const elements: Element[] = readdirSync(folder).map((file) =>
  parseElement(JSON.parse(readFileSync(new URL(file, folder), 'utf8')), file),
)

let world: World
let standIns: StandInServer

beforeAll(async () => {
  standIns = await startStandIns(vendors)
  world = await startWorld({ allow: ['127.0.0.1'], egress: { ca: standIns.ca } })
  world.context.egress = towards(standIns, world.context.egress)
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await standIns[Symbol.asyncDispose]()
})

async function provision(key: string, type: string, configuration: Configuration) {
  standIns.takeAsked()
  const body = { element: { key }, name: key, authentication: { type }, configuration }
  if (!vendors[key]!.accounts[type]!.consents) return call(world, 'POST', '/instances', { body })
  const asked = await ask(key, type, configuration)
  if (asked.status !== 200) return asked
  const providerData = await standIns.consent(asked.body.oauthUrl)
  return call(world, 'POST', '/instances', { body: { ...body, providerData } })
}

function ask(key: string, type: string, configuration: Configuration) {
  const query = new URLSearchParams({ authenticationType: type, callbackUrl, ...configuration })
  return call(world, 'GET', `/elements/${key}/oauth/url?${query}`)
}

const accounts = Object.entries(vendors).flatMap(([key, vendor]) =>
  Object.entries(vendor.accounts).map(([type, account]) => ({ key, type, ...account })),
)

test('every element has a vendor to be tried at, in each of its ways, that refuses too', () => {
  const ways = elements.flatMap(({ key, authentications }) =>
    authentications.map((one) => `${key} by ${keyOf(one)}`),
  )
  expect(accounts.map(({ key, type }) => `${key} by ${type}`).sort()).toEqual(ways.sort())
  const meek = accounts.filter(({ bad }) => !bad.some((one) => one.code === 'credentials-rejected'))
  expect(meek).toEqual([])
})

const refused = accounts.flatMap(({ key, type, good, bad }) =>
  bad.map(({ change, code, words, retryAfter }) => ({
    key,
    type,
    configuration: { ...good, ...change },
    changed: Object.keys(change).join(' and '),
    code,
    words,
    retryAfter,
  })),
)

test.each(refused)('$key by $type, another $changed: $code', async (given) => {
  const { key, type, configuration, code, words, retryAfter } = given
  const { status, headers, body, text } = await provision(key, type, configuration)
  expect(body).toMatchObject({ code, status: problems[code].status })
  expect({ status, words: body.providerMessage, retryAfter: headers['retry-after'] }).toEqual({
    status: problems[code].status,
    words,
    retryAfter,
  })
  for (const secret of [right, wrong, limited, sessionToken]) expect(text).not.toContain(secret)
  expect(standIns.takeAsked()).not.toEqual([])
})

const accepted = accounts.flatMap(({ key, type, good, alike = [] }) =>
  [{}, ...alike].map((other) => ({
    key,
    type,
    configuration: { ...good, ...other } as Configuration,
    written: JSON.stringify(other),
  })),
)

test.each(accepted)('$key by $type is verified ($written)', async (given) => {
  const { key, type, configuration } = given
  const { status, body, text } = await provision(key, type, configuration)
  expect(body).toMatchObject({ state: 'verified', valid: true, authentication: { type } })
  expect(status).toBe(200)
  expect(text).not.toContain(right)
  expect(standIns.takeAsked()).not.toEqual([])
})

const ways = elements.flatMap(({ key, authentications }) =>
  authentications.map((authentication) => {
    const type = keyOf(authentication)
    return { key, type, authentication, good: vendors[key]!.accounts[type]!.good }
  }),
)

const defaults = ways.filter(({ authentication }) => authentication.default)

test.each(defaults)('$key takes $type where none is named', async ({ key, type, good }) => {
  const body = { element: { key }, name: key, configuration: good }
  const answer = await call(world, 'POST', '/instances', { body })
  expect(answer.body).toMatchObject({ state: 'verified', authentication: { type } })
  expect(answer.body.warnings).toEqual([])
})

const stateless = ways.filter(({ authentication }) => 'codeWithoutState' in authentication)

test.each(stateless)('$key takes a code without its state, and no type is named', async (given) => {
  const { key, type, good } = given
  const { oauthUrl } = (await ask(key, type, good)).body
  const { state: _, ...providerData } = await standIns.consent(oauthUrl)
  const configuration = { ...good, 'oauth.callback.url': callbackUrl }
  const body = { element: { key }, name: key, configuration, providerData }
  const answer = await call(world, 'POST', '/instances', { body })
  expect(answer.body).toMatchObject({ state: 'verified', authentication: { type } })
})

const refreshed = ways.filter(({ authentication }) => 'refreshToken' in authentication)

test.each(refreshed)('$key takes a refresh token that is brought along', async (given) => {
  const { key, type, good } = given
  const configuration = { ...good, 'oauth.user.refresh_token': refreshToken }
  const body = { element: { key }, name: key, configuration, externalAuthentication: 'initial' }
  const answer = await call(world, 'POST', '/instances', { body })
  expect(answer.body).toMatchObject({ state: 'verified', authentication: { type } })
  expect(answer.text).not.toContain(refreshToken)
})

test.each(refreshed)('$key refuses another refresh token', async ({ key, good }) => {
  const configuration = { ...good, 'oauth.user.refresh_token': wrong }
  const body = { element: { key }, name: key, configuration, externalAuthentication: 'initial' }
  const { body: answer, text } = await call(world, 'POST', '/instances', { body })
  expect(answer).toMatchObject({ code: 'credentials-rejected' })
  expect(text).not.toContain(wrong)
})

const consented = ways.filter(({ key, type }) => vendors[key]!.accounts[type]!.consents)

test.each(consented)('$key takes its app from a profile', async ({ key, type, good }) => {
  const { 'oauth.api.key': clientId, 'oauth.api.secret': clientSecret, ...configuration } = good
  const servers = Object.values(good).filter((value) => value.startsWith('https://'))
  const profile = { element: { key }, authentication: { type }, name: key, clientId, clientSecret }
  const origins = servers.length > 0 ? servers : undefined
  const kept = await call(world, 'POST', '/oauth-apps', { body: { ...profile, origins } })
  expect(kept.body.message).toBeUndefined()
  const { status, body, text } = await provision(key, type, configuration)
  expect(body).toMatchObject({ state: 'verified', authentication: { type } })
  expect(status).toBe(200)
  if (clientSecret) expect(text).not.toContain(clientSecret)
  const gone = await call(world, 'DELETE', `/instances/${body.id}`)
  expect(gone.status).toBe(200)
  expect((await call(world, 'DELETE', `/oauth-apps/${kept.body.id}`)).status).toBe(200)
})
