import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readRequest, signature, signatureBase } from '../support/oauth1-verifier.ts'
import { openVendor } from './vendor.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 20 })
const part = fc.oneof(
  text,
  fc.constantFrom('', ' ', '+', '%', '=', '&', '#', "!*'()~", '%2B', 'é€😀'),
)
const pairs = fc.array(fc.tuple(part, part), { maxLength: 5 })
const written = pairs.map((all) => new URLSearchParams(all).toString())
const path = fc
  .array(text, { maxLength: 3 })
  .map((all) => `/api/${all.map((one) => encodeURIComponent(one)).join('/')}`)

test('whatever is sent, the vendor finds it signed as it comes', async () => {
  const secrets = { consumerSecret: '', tokenSecret: '' }
  let origin = ''
  await using vendor = await openVendor(({ method, target, headers, body }) => {
    const { authorization, 'content-type': contentType } = headers
    const request = { method, url: origin + target, authorization, contentType, body }
    const read = readRequest(request)
    if (!read) return false
    const base = signatureBase(request, read)
    const { consumerSecret, tokenSecret } = secrets
    const signs = read.oauth.get('oauth_signature_method')
    const wanted = signature(signs, base, consumerSecret, tokenSecret)
    return wanted === read.oauth.get('oauth_signature')
  })
  origin = vendor.origin
  const sent = fc.asyncProperty(
    fc.record({ path, query: written, body: written, key: part, secret: part, token: part }),
    fc.record({
      in: fc.constantFrom('header' as const, 'query' as const),
      signatureMethod: fc.constantFrom('HMAC-SHA1' as const, 'HMAC-SHA256' as const),
      method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
    }),
    async (
      { path: at, query: search, body, key, secret, token: tokenSecret },
      { method, ...rest },
    ) => {
      // What is nothing is asked for before anything is signed.
      Object.assign(secrets, { consumerSecret: `${secret}s`, tokenSecret: `${tokenSecret}t` })
      const authentication = {
        ...({ type: 'oauth1', name: 'x', token: '{token}', tokenSecret: '{tokenSecret}' } as const),
        ...{ consumerKey: '{key}', consumerSecret: '{consumerSecret}', ...rest },
      }
      const hasBody = method === 'POST' || method === 'PUT'
      const call = {
        method,
        target: search ? `${at}?${search}` : at,
        ...(hasBody && {
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body,
        }),
      }
      const values = { key: `${key}k`, token: `${key}t`, ...secrets }
      expect(await vendor.call(authentication, values, call)).toBe(200)
    },
  )
  await fc.assert(sent, { numRuns: 200 })
})
