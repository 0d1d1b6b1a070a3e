import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAuthorization } from '../../src/access/header.ts'

const user = 'lku_1_AbC/+='
const organization = 'lko_1_xyz=='
const element = 'lki_1_token'
const bearer = 'lkb_1_token'

describe('refused', () => {
  test.each([
    '',
    ' ',
    ',',
    'User',
    'User ',
    'User,Organization',
    `User ${user},`,
    `,User ${user}`,
    `User ${user},, Organization ${organization}`,
    `User ${user} Organization ${organization}`,
    `User ${user}; Organization ${organization}`,
    `User a b, Organization ${organization}`,
    `User ${user}, User ${user}`,
    `User ${user}, user other`,
    `User ${user}, Organization ${organization}, Account 7`,
    `Users ${user}`,
    `User=${user}, Organization=${organization}`,
    `"User" ${user}`,
    `User: ${user}`,
    'Bearer',
    `Bearer ${bearer}, User ${user}`,
    `Bearer ${bearer}, Organization ${organization}`,
    `Bearer ${bearer}, Bearer ${bearer}`,
    'Basic dTpw',
    user,
    `__proto__ ${user}`,
    `constructor ${user}`,
  ])('%j', (header) => {
    expect(parseAuthorization(header)).toBeUndefined()
  })
})

describe('accepted', () => {
  test.each([
    [`User ${user}`, { user }],
    [`Element ${element}`, { element }],
    [`User ${user}, Organization ${organization}`, { user, organization }],
    [`Organization ${organization}, User ${user}`, { user, organization }],
    [`user ${user},ORGANIZATION ${organization}`, { user, organization }],
    [`  User\t${user} ,  Organization   ${organization}\t`, { user, organization }],
    [`Element ${element}, User ${user}`, { user, element }],
    [`Bearer ${bearer}`, { bearer }],
    [`Element ${element}, bearer ${bearer}`, { element, bearer }],
  ])('%j', (header, parts) => {
    expect(parseAuthorization(header)).toEqual(parts)
  })

  test('the parts come in any order, any case and any spacing', () => {
    const parts = fc.shuffledSubarray(
      [
        ['user', user],
        ['organization', organization],
        ['element', element],
      ] as const,
      { minLength: 1 },
    )
    const blanks = fc.array(fc.constantFrom(' ', '\t'), { maxLength: 3 }).map((all) => all.join(''))
    const anyCase = fc.array(fc.boolean(), { minLength: 12, maxLength: 12 })
    fc.assert(
      fc.property(parts, blanks, anyCase, (given, blank, upper) => {
        const header = given
          .map(([name, secret]) => {
            const letters = [...name].map((one, at) => (upper[at] ? one.toUpperCase() : one))
            return `${blank}${letters.join('')} ${blank}${secret}${blank}`
          })
          .join(',')
        expect(parseAuthorization(header)).toEqual(Object.fromEntries(given))
      }),
    )
  })
})

test('whatever stands there is read or refused, never an error', () => {
  const word = fc.constantFrom('User', 'organization', ' ', ',', '\t', 'x', '=', ', ', '\u00a0')
  fc.assert(
    fc.property(fc.array(word), fc.string(), (words, rest) => {
      const parts = parseAuthorization(words.join('') + rest)
      for (const secret of Object.values(parts ?? {})) expect(secret).toMatch(/^[^\s,]+$/)
    }),
  )
})

test.each([
  ['blanks before', (length: number) => `${' '.repeat(length)}User`],
  ['blanks between', (length: number) => `User${' '.repeat(length)},`],
  ['blanks behind', (length: number) => `User x${' '.repeat(length)}x`],
  ['blanks around', (length: number) => `User${' '.repeat(length)}x${' '.repeat(length)}x`],
  ['letters', (length: number) => `${'a'.repeat(length)}!`],
  ['a secret', (length: number) => `User ${'a'.repeat(length)} !`],
  ['commas', (length: number) => ','.repeat(length)],
  ['parts', (length: number) => 'Account 7,'.repeat(length / 10)],
])('a header of a megabyte of %s is refused in time that grows with its length', (_, header) => {
  const started = performance.now()
  expect(parseAuthorization(header(1024 * 1024))).toBeUndefined()
  expect(performance.now() - started).toBeLessThan(5_000)
})
