import { describe, expect, test } from 'vitest'
import { type Scalar, showConfiguration } from '../../src/definition/configuration.ts'
import { checkOf, element } from './definition.ts'

const full = { 'server.url': 'host', 'user.name': 'api1', 'pass.word': 'secret' }
const check = (given: Record<string, Scalar>, changes: object = {}) =>
  checkOf(element(changes), { ...full, ...given })

describe('refused', () => {
  test('all that is missing, invalid and unknown is told at once', () => {
    const { missing, invalid, unknown } = checkOf(element(), {
      'user.name': null,
      'pass.word': '********',
      'page.size': 'many',
      'dry.run': 'yes',
      'server.ulr': 'host',
      'user.nam': 'api1',
    })
    expect({ missing, invalid, unknown }).toEqual({
      missing: [
        { key: 'server.url', name: 'Server' },
        { key: 'user.name', name: 'User' },
      ],
      invalid: [
        {
          key: 'pass.word',
          reason: 'is the mask that stands for a stored secret: send the secret itself',
        },
        { key: 'page.size', reason: 'must be a number' },
        { key: 'dry.run', reason: 'must be true or false' },
      ],
      unknown: [
        { key: 'server.ulr', nearest: 'server.url' },
        { key: 'user.nam', nearest: 'user.name' },
      ],
    })
  })

  test.each([null, '', ' ', '\u00a0', '\ufeff'])(
    '%j is not given where it is required',
    (blank) => {
      const keys = ['server.url', 'user.name', 'pass.word']
      const given = Object.fromEntries(keys.map((key) => [key, blank]))
      expect(check(given).missing.map(({ key }) => key)).toEqual(keys)
    },
  )

  const control = 'has a line break or another control character in it'
  test.each([
    ['user.name', 'a\nb', control],
    ['user.name', 'a\0', control],
    ['pass.word', 'a\r', control],
    ['pass.word', '\u0085a', control],
    ['server.url', 'ho\tst', control],
    ['private.notes', 'a\u001bb', control],
    ['user.name', 'a\ud800', 'is not well-formed Unicode'],
    ['pass.word', '\udc00b', 'is not well-formed Unicode'],
    ['page.size', 'NaN', 'must be a number'],
    ['page.size', '1e999', 'must be a number'],
    ['page.size', '  ', 'must be a number'],
    ['page.size', true, 'must be a number'],
    [
      'user.name',
      2 ** 53,
      'is a number that JSON may have changed: send it as a string, in quotes',
    ],
    ['server.url', 'https://me:pw@host', 'must not hold a user name or password'],
    ['dry.run', 1, 'must be true or false'],
    ['dry.run', 'TRUE', 'must be true or false'],
  ])('%s: %j %s', (key, value, reason) => {
    const { invalid, values } = check({ [key]: value })
    expect(invalid).toEqual([{ key, reason }])
    expect(values.get(key)).not.toBe(value)
  })

  test('an entry under two of its names with two values is not guessed at', () => {
    const { invalid } = check({ userName: 'api2', login: 'api3' })
    const reason = 'is another name of "user.name", which is given with another value: keep one'
    expect(invalid).toEqual([
      { key: 'userName', reason },
      { key: 'login', reason },
    ])
  })
})

describe('accepted', () => {
  test('what is given and the defaults become text for requests', () => {
    const { values, plain, secrets, missing, invalid } = check({
      'user.name': ' api1 ',
      'pass.word': ' s p ',
      'page.size': 10,
      'dry.run': false,
      'private.notes': 'one\n\ttwo\r\n',
    })
    expect({ missing, invalid }).toEqual({ missing: [], invalid: [] })
    expect(Object.fromEntries(values)).toEqual({
      'server.url': 'host',
      'api.path': '/v1/',
      'user.name': 'api1',
      'pass.word': ' s p ',
      'page.size': '10',
      'dry.run': 'false',
      'private.notes': 'one\n\ttwo',
    })
    expect(plain).not.toHaveProperty('pass.word')
    expect([...secrets]).toEqual([['pass.word', ' s p ']])
  })

  test.each<Record<string, Scalar>>([
    { userName: 'api1' },
    { userName: 'api1', login: 'api1' },
    { userName: ' api1', login: null },
    { login: '', userName: 'api1' },
    { 'user.name': 7, login: '7' },
  ])('an entry may go by any of its names: %j', (names) => {
    const given = { ...full, 'user.name': null, ...names }
    const { plain, missing, invalid } = checkOf(element(), given)
    expect({ missing, invalid }).toEqual({ missing: [], invalid: [] })
    expect(Object.keys(plain)).toEqual(['server.url', 'user.name'])
  })
})

test('every entry is shown: given, its default, or null; secrets are stars', () => {
  const { plain, secrets } = check({ 'page.size': 10, 'bulk.x': 'y', 'api.path': null })
  expect(showConfiguration(element(), plain, secrets.keys())).toEqual({
    'server.url': 'host',
    'api.path': '/v1/',
    'user.name': 'api1',
    'pass.word': '********',
    'page.size': 10,
    'dry.run': null,
    'private.notes': null,
    'events.on': null,
    'bulk.x': 'y',
  })
  expect(showConfiguration(element(), {}, [])['pass.word']).toBeNull()
})
