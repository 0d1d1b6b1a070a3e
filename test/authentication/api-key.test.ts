import fc from 'fast-check'
import { expect, test } from 'vitest'
import { apiKey } from '../../src/authentication/api-key.ts'
import { RenderError } from '../../src/exchange/template.ts'
import { anyText } from '../exchange/any-text.ts'
import { openVendor, type Received, refusalOf } from './vendor.ts'

const definition = (place: 'header' | 'query' | 'cookie', parameter: string, value = '{key}') =>
  ({ type: 'apiKey', name: 'Key', in: place, parameter, value }) as const

const inHeader = definition('header', 'X-Auth-Token')
const inQuery = definition('query', 'api_token')
const inCookie = definition('cookie', 'SESSION')

const cookiesOf = ({ headers }: Received) => headers.cookie?.split('; ') ?? []
const places = [
  [inHeader, ({ headers }: Received) => headers['x-auth-token']],
  [inQuery, ({ url }: Received) => url.searchParams.get('api_token')],
  [inCookie, (received: Received) => cookiesOf(received).at(-1)?.slice('SESSION='.length)],
] as const

test.each(places)('a wrong or missing key is refused: %o', async (authentication, read) => {
  await using vendor = await openVendor((received) => read(received) === 'k-123')
  expect(await vendor.call(authentication, { key: 'k-124' })).toBe(401)
  expect(await vendor.call(authentication, { key: '' })).toBe(401)
  expect(await vendor.call(authentication, {})).toBe(401)
})

test.each(places)('the right key is known: %o', async (authentication, read) => {
  await using vendor = await openVendor((received) => read(received) === 'k-123')
  expect(await vendor.call(authentication, { key: 'k-123' })).toBe(200)
  expect(vendor.received[0]!.method).toBe('GET')
})

test.each([
  [inHeader, 'a\r\nx: y', 'has a character that cannot stand in an HTTP header'],
  [inHeader, 'k ', 'begins or ends with a space, which HTTP headers lose'],
  [inCookie, 'a;b=c', 'has a character that cannot stand in a cookie'],
  [inCookie, 'é', 'has a character that cannot stand in a cookie'],
  [inQuery, '\ud800', 'is not well-formed Unicode'],
])('what cannot stand there is refused, naming the entry: %o %j', async (one, key, message) => {
  const request = { method: 'GET', url: 'https://v.example/', headers: {}, body: undefined }
  expect(await refusalOf(() => apiKey.sign(request, one, new Map([['key', key]])))).toEqual({
    key: 'key',
    message,
  })
})

test.each(places)('whatever a key is, it arrives exactly or is refused: %o', async (one, read) => {
  await using vendor = await openVendor(() => true)
  const sent = fc.asyncProperty(anyText, async (key) => {
    try {
      await vendor.call(one, { key })
    } catch (error) {
      expect(error).toBeInstanceOf(RenderError)
      return
    }
    expect(read(vendor.received.at(-1)!)).toBe(key)
  })
  await fc.assert(sent)
})

test('text around the key is part of it', async () => {
  const zendesk = definition('header', 'Authorization', 'Token token={key}')
  await using vendor = await openVendor(
    ({ headers }) => headers.authorization === 'Token token=k-123',
  )
  expect(await vendor.call(zendesk, { key: 'k-123' })).toBe(200)
})

test('a parameter goes behind the query that is there, and a cookie behind the cookies', async () => {
  await using vendor = await openVendor(() => true)
  await vendor.call(inQuery, { key: 'a&b=c' }, { target: '/x?q=1&r=%20' })
  await vendor.call(inCookie, { key: 'k' }, { headers: { cookie: 'lang=en' } })
  expect(vendor.received[0]!.target).toBe('/x?q=1&r=%20&api_token=a%26b%3Dc')
  expect(cookiesOf(vendor.received[1]!)).toEqual(['lang=en', 'SESSION=k'])
})

test('a header of that name gives way', async () => {
  await using vendor = await openVendor(({ headers }) => headers['x-auth-token'] === 'ours')
  const headers = { 'x-auth-token': 'theirs' }
  expect(await vendor.call(inHeader, { key: 'ours' }, { headers })).toBe(200)
})
