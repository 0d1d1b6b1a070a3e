import { expect, test } from 'vitest'
import type { Scalar } from '../../src/definition/configuration.ts'
import { nearestKeys, sortOutUnknown } from '../../src/definition/unknown.ts'
import { showKey } from '../../src/http/show-key.ts'
import { checkOf, element } from './definition.ts'

const full = { 'server.url': 'host', 'user.name': 'api1', 'pass.word': 'secret' }
const check = (given: Record<string, Scalar>) => checkOf(element(), { ...full, ...given })
const withoutEffect = (key: string) => ({ key, message: 'is kept, but has no effect yet' })
const leftOut = (key: string) => ({ key, message: 'is no entry of this element and was left out' })

test.each([
  ['pasword', 'pass.word'],
  ['PASS.WORD', 'pass.word'],
  ['word', 'pass.word'],
  ['apipath', 'api.path'],
  ['usrName', 'userName'],
])('%j is unknown, and %s is what it may mean', (key, nearest) => {
  expect(check({ [key]: 'x' }).unknown).toEqual([{ key, nearest }])
})

test('universal entries are kept, with a warning where one may expect an effect', () => {
  const given = {
    'event.notification.enabled': true,
    'filter.response.nulls': 'false',
    'event.notification.signature.key': 'sign',
    'bulk.query.field_name': 'id',
    'base.url': 'anything at all',
    'events.on': 'false',
    'pagination.max': null,
  }
  const { plain, secrets, warnings, unknown } = check(given)
  expect(unknown).toEqual([])
  expect(plain).toMatchObject({ 'bulk.query.field_name': 'id', 'base.url': 'anything at all' })
  expect(plain).not.toHaveProperty('pagination.max')
  expect([...secrets.keys()]).toEqual(['pass.word', 'event.notification.signature.key'])
  expect(warnings).toEqual([
    withoutEffect('event.notification.enabled'),
    withoutEffect('event.notification.signature.key'),
    withoutEffect('bulk.query.field_name'),
    withoutEffect('base.url'),
  ])
})

test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'bulk.', '', 'x'.repeat(99)])(
  '%j is left out, with a warning',
  (key) => {
    const { plain, values, unknown, warnings } = check(JSON.parse(`{${JSON.stringify(key)}: "x"}`))
    expect({ unknown, warnings }).toEqual({ unknown: [], warnings: [leftOut(showKey(key))] })
    expect(Object.keys(plain)).toEqual(['server.url', 'user.name'])
    expect(values.has(key)).toBe(false)
    expect({}).not.toHaveProperty('x')
  },
)

test.each(['a\0b', 'a\ud800', 'c'.repeat(1_000_000), 'hunter2!'])(
  'a key that could not be stored, or may be a secret, is not repeated',
  (key) => {
    expect(check({ [key]: 'x' }).warnings).toEqual([leftOut('(not repeated)')])
  },
)

test('keys as long as a body allows are compared in no time', () => {
  const keys = Array.from({ length: 200 }, (_, at) => `entry.${at}.key`)
  expect(nearestKeys('k'.repeat(1_000_000), keys)).toEqual([])
})

test('a hundred misspellings are all told, and where names are thousands, some', () => {
  const unlike = Array.from({ length: 100 }, (_, at) => `${String(at + 100).slice(1)}ss.word`)
  expect(check(Object.fromEntries(unlike.map((key) => [key, 'x']))).unknown).toHaveLength(100)
  const names = Array.from({ length: 2000 }, (_, at) => `name.${at}`)
  const checked = check({})
  for (const key of unlike) sortOutUnknown(key, ['pass.word', ...names], checked)
  expect([checked.unknown.length, checked.warnings.length]).toEqual([25, 75])
})
