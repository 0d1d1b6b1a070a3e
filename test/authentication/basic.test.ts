import fc from 'fast-check'
import { expect, test } from 'vitest'
import { basic } from '../../src/authentication/basic.ts'
import { RenderError } from '../../src/exchange/template.ts'
import { anyText } from '../exchange/any-text.ts'
import { openVendor, type Received } from './vendor.ts'

const request = {
  method: 'GET',
  url: 'https://vendor.example/',
  headers: { accept: 'text/plain' },
  body: undefined,
}
const scheme = { type: 'basic', name: 'Basic', username: '{user}', password: '{password}' } as const

const signed = (user: string, password: string, authentication = scheme as typeof scheme) =>
  basic.sign(
    request,
    authentication,
    new Map([
      ['user', user],
      ['password', password],
    ]),
  )

function decoded(user: string, password: string): string {
  const [name, credentials] = signed(user, password).headers.authorization!.split(' ')
  expect(name).toBe('Basic')
  return Buffer.from(credentials!, 'base64').toString('utf8')
}

test.each([
  ['a colon in the user name', 'a:b', 'p', 'user', 'must not contain a colon'],
  ['a line break in the user name', 'a\nb', 'p', 'user', 'must not contain control characters'],
  ['a NUL in the password', 'a', 'p\0', 'password', 'must not contain control characters'],
  ['a DEL in the password', 'a', '\x7f', 'password', 'must not contain control characters'],
  ['half a surrogate pair', 'a', '\ud800', 'password', 'is not well-formed Unicode'],
])('%s is refused, naming the entry', (_, user, password, key, reason) => {
  expect(() => signed(user, password)).toThrow(
    expect.objectContaining({ constructor: RenderError, key, message: reason }),
  )
})

function judge({ headers }: Received): boolean {
  const [, credentials = ''] = /^Basic ([\w+/]+={0,2})$/.exec(headers.authorization ?? '') ?? []
  return Buffer.from(credentials, 'base64').equals(Buffer.from('zoë:pä:ss'))
}

test('a vendor refuses wrong credentials', async () => {
  await using vendor = await openVendor(judge)
  expect(await vendor.call(scheme, { user: 'zoë', password: 'pa:ss' })).toBe(401)
  expect(await vendor.call(scheme, { user: 'zoe', password: 'pä:ss' })).toBe(401)
  expect(await vendor.call(scheme, {})).toBe(401)
})

test('a vendor knows the right credentials, and ours replace others', async () => {
  await using vendor = await openVendor(judge)
  const headers = { authorization: 'Basic eDp5' }
  const right = { user: 'zoë', password: 'pä:ss' }
  expect(await vendor.call(scheme, right, { headers })).toBe(200)
})

test("RFC 7617's own example is signed as it says", () => {
  expect(signed('Aladdin', 'open sesame').headers.authorization).toBe(
    'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==',
  )
})

test("the RFC's example in UTF-8 is signed as it says", () => {
  expect(signed('test', '123£').headers.authorization).toBe('Basic dGVzdDoxMjPCow==')
})

test('a password may hold colons, and either may be empty', () => {
  expect(decoded('a', 'b:c:')).toBe('a:b:c:')
  expect(decoded('', '')).toBe(':')
})

test('a user name can be made of several entries and of text', () => {
  const made = { ...scheme, username: '{user}+{password}' } as unknown as typeof scheme
  const { authorization } = signed('company', 'key', made).headers
  expect(Buffer.from(authorization!.slice(6), 'base64').toString()).toBe('company+key:key')
})

test('nothing else of the request changes, and the request itself does not', () => {
  const { headers, ...rest } = signed('a', 'b')
  const { headers: before, ...restBefore } = request
  expect(rest).toEqual(restBefore)
  expect(headers).toEqual({ ...before, authorization: expect.any(String) })
  expect(before).toEqual({ accept: 'text/plain' })
})

test('whatever the credentials are, the vendor reads the same ones', () => {
  fc.assert(
    fc.property(anyText, anyText, (user, password) => {
      let text: string
      try {
        text = decoded(user, password)
      } catch (error) {
        expect(error).toBeInstanceOf(RenderError)
        return
      }
      const colon = text.indexOf(':')
      expect([text.slice(0, colon), text.slice(colon + 1)]).toEqual([user, password])
    }),
  )
})
