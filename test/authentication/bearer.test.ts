import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bearer } from '../../src/authentication/bearer.ts'
import { RenderError } from '../../src/exchange/template.ts'
import { anyText } from '../exchange/any-text.ts'
import { openVendor, type Received, refusalOf } from './vendor.ts'

const authentication = { type: 'bearer', name: 'Token', token: '{token}' } as const
const tokenOf = ({ headers }: Received) => /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1]
const openIt = () => openVendor((received) => tokenOf(received) === 'mF_9.B5f-4.1JqM')

test('another token is refused', async () => {
  await using vendor = await openIt()
  expect(await vendor.call(authentication, { token: 'mF_9.B5f-4.1JqN' })).toBe(401)
})

test('the right token is known', async () => {
  await using vendor = await openIt()
  expect(await vendor.call(authentication, { token: 'mF_9.B5f-4.1JqM' })).toBe(200)
})

test.each([
  ['nothing', '', 'is needed'],
  ['a scheme with it', 'Bearer abc', 'has a space or another character that no bearer token has'],
  ['a line break', 'abc\n', 'has a space or another character that no bearer token has'],
  ['a letter beyond ASCII', 'é', 'has a space or another character that no bearer token has'],
])('%s is refused, naming the entry', async (_, token, message) => {
  const request = { method: 'GET', url: 'https://v.example/', headers: {}, body: undefined }
  const sign = () => bearer.sign(request, authentication, new Map([['token', token]]))
  expect(await refusalOf(sign)).toEqual({ key: 'token', message })
})

test('whatever a token is, it arrives exactly or is refused', async () => {
  await using vendor = await openVendor(() => true)
  const sent = fc.asyncProperty(anyText, async (token) => {
    try {
      await vendor.call(authentication, { token })
    } catch (error) {
      expect(error).toBeInstanceOf(RenderError)
      return
    }
    expect(tokenOf(vendor.received.at(-1)!)).toBe(token)
  })
  await fc.assert(sent)
})
