import fc from 'fast-check'
import { Check } from 'typebox/value'
import { expect, test } from 'vitest'
import { headers } from '../../src/authentication/headers.ts'
import { RenderError } from '../../src/exchange/template.ts'
import { anyText } from '../exchange/any-text.ts'
import { openVendor } from './vendor.ts'

const authentication = {
  type: 'headers',
  name: 'App',
  headers: { 'Brightpearl-App-Ref': '{app}', 'Brightpearl-Account-Token': 'v1:{token}' },
} as const

const openIt = () =>
  openVendor(
    ({ headers: given }) =>
      given['brightpearl-app-ref'] === 'acme' && given['brightpearl-account-token'] === 'v1:t-1',
  )

test('one wrong header of several is refused', async () => {
  await using vendor = await openIt()
  expect(await vendor.call(authentication, { app: 'acme', token: 't-2' })).toBe(401)
  expect(await vendor.call(authentication, { app: 'acmf', token: 't-1' })).toBe(401)
  expect(await vendor.call(authentication, { token: 't-1' })).toBe(401)
})

test('all right is known, and what is there already gives way', async () => {
  await using vendor = await openIt()
  const given = { app: 'acme', token: 't-1' }
  const others = { 'brightpearl-app-ref': 'theirs', accept: 'text/plain' }
  expect(await vendor.call(authentication, given, { headers: others })).toBe(200)
  expect(vendor.received[0]!.headers.accept).toBe('text/plain')
})

test.each([
  {},
  { 'a b': '{x}' },
  { 'a:': '{x}' },
  { 'a\r\nb': '{x}' },
  { '': '{x}' },
  { é: '{x}' },
])('a definition may not say %j', (wrong) => {
  expect(Check(headers.schema, authentication)).toBe(true)
  expect(Check(headers.schema, { ...authentication, headers: wrong })).toBe(false)
})

test('whatever values are, they arrive exactly or are refused', async () => {
  await using vendor = await openVendor(() => true)
  const sent = fc.asyncProperty(anyText, anyText, async (app, token) => {
    try {
      await vendor.call(authentication, { app, token })
    } catch (error) {
      expect(error).toBeInstanceOf(RenderError)
      return
    }
    const { headers: given } = vendor.received.at(-1)!
    expect(given['brightpearl-app-ref']).toBe(app)
    expect(given['brightpearl-account-token']).toBe(`v1:${token}`)
  })
  await fc.assert(sent)
})
