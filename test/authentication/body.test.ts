import fc from 'fast-check'
import { expect, test } from 'vitest'
import { body } from '../../src/authentication/body.ts'
import { Unsignable } from '../../src/authentication/unsignable.ts'
import { RenderError } from '../../src/exchange/template.ts'
import { anyText } from '../exchange/any-text.ts'
import { openVendor, type Received } from './vendor.ts'

const authentication = {
  type: 'body',
  name: 'In the body',
  fields: { 'api key': '{key}', user: 'u:{user}' },
} as const
const right = { key: 'k"&=1', user: 'zoë' }

const json = { 'content-type': 'application/json; charset=utf-8' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }

function fieldsOf({ headers, body: content }: Received): Record<string, unknown> {
  if (headers['content-type']?.startsWith('application/json')) return JSON.parse(content)
  return Object.fromEntries(new URLSearchParams(content))
}

const openIt = () =>
  openVendor((received) => {
    const { 'api key': key, user } = fieldsOf(received)
    return key === right.key && user === `u:${right.user}`
  })

const calls = [
  ['JSON', { method: 'POST', headers: json, body: '{"a":1}' }],
  ['a form', { method: 'POST', headers: form, body: 'a=1' }],
  ['no body', { method: 'PUT' }],
  ['an empty JSON body', { method: 'POST', headers: json, body: '' }],
  ['an empty form', { method: 'POST', headers: form }],
] as const

test.each(calls)('wrong credentials in %s are refused', async (_, call) => {
  await using vendor = await openIt()
  expect(await vendor.call(authentication, { ...right, key: 'k' }, call)).toBe(401)
  expect(await vendor.call(authentication, { key: right.key }, call)).toBe(401)
})

test.each(calls)('the right credentials in %s are known', async (_, call) => {
  await using vendor = await openIt()
  expect(await vendor.call(authentication, right, call)).toBe(200)
})

test.each(calls)('fields of the same name in %s give way', async (_, { method, headers }: Call) => {
  await using vendor = await openIt()
  const theirs =
    headers === form ? 'api+key=old&user=old&api%20key=old' : '{"user":"old","api key":"old"}'
  const call = { method, headers: headers ?? json, body: theirs }
  expect(await vendor.call(authentication, right, call)).toBe(200)
  expect(vendor.received[0]!.body).not.toContain('old')
})

test('the rest of the body stays as it was written, numbers beyond 2^53 too', async () => {
  await using vendor = await openVendor(() => true)
  const given = '{"id":12345678901234567890,"rate":1.10,"__proto__":{"x":[null]}}'
  await vendor.call(authentication, right, { method: 'POST', headers: json, body: given })
  await vendor.call(authentication, right, { method: 'POST', headers: form, body: 'a=%E9&b=+&c' })
  expect(vendor.received[0]!.body).toBe(`${given.slice(0, -1)},"api key":"k\\"&=1","user":"u:zoë"}`)
  expect(vendor.received[1]!.body).toBe('a=%E9&b=+&c&api+key=k%22%26%3D1&user=u%3Azo%C3%AB')
})

type Call = { method: string; headers?: Record<string, string>; body?: string }
const unsignable: [string, Call][] = [
  ['a GET', { method: 'GET' }],
  ['a HEAD of JSON', { method: 'HEAD', headers: json }],
  ['XML', { method: 'POST', headers: { 'content-type': 'text/xml' }, body: '<a/>' }],
  ['a body of no stated type', { method: 'POST', body: '{}' }],
  ['a JSON array', { method: 'POST', headers: json, body: '[]' }],
  ['a JSON number', { method: 'POST', headers: json, body: '1' }],
  ['JSON that breaks off', { method: 'POST', headers: json, body: '{"a":"secret' }],
]

test.each(unsignable)('%s is not sent without credentials', async (_, call) => {
  await using vendor = await openIt()
  const sent = vendor.call(authentication, right, call)
  await expect(sent).rejects.toThrow(Unsignable)
  await expect(sent).rejects.not.toThrow('secret')
  expect(vendor.received).toEqual([])
})

test.each([json, form])(
  'whatever values are, they arrive exactly or are refused: %o',
  async (headers) => {
    await using vendor = await openVendor(() => true)
    const sent = fc.asyncProperty(anyText, anyText, async (key, user) => {
      try {
        await vendor.call(authentication, { key, user }, { method: 'POST', headers })
      } catch (error) {
        expect(error).toBeInstanceOf(RenderError)
        return
      }
      expect(fieldsOf(vendor.received.at(-1)!)).toEqual({ 'api key': key, user: `u:${user}` })
    })
    await fc.assert(sent)
  },
)

test('what is shown has stars for secrets', () => {
  const stars = new Map([
    ['key', '********'],
    ['user', 'zoë'],
  ])
  const show = (headers: Record<string, string>) =>
    body.sign(
      { method: 'POST', url: 'https://v.example/', headers, body: undefined },
      authentication,
      stars,
    )
  expect(show(json).body).toBe('{"api key":"********","user":"u:zoë"}')
  expect(show(form).body).toBe('api+key=********&user=u%3Azo%C3%AB')
})
