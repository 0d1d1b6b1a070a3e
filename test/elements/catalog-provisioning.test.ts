import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { keyOf } from '../../src/authentication/authentication.ts'
import { type Element, parseElement } from '../../src/definition/element.ts'
import { problems } from '../../src/http/errors.ts'
import { call } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'
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

function provision(key: string, type: string, configuration: Configuration) {
  standIns.takeAsked()
  return call(world, 'POST', '/instances', {
    body: { element: { key }, name: key, authentication: { type }, configuration },
  })
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
