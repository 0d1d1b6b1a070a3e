import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  baseStringOf,
  type Parameter,
  signatureMethods,
  signatureOf,
} from '../../src/authentication/oauth1-signature.ts'
import { readRequest, signature, signatureBase } from '../support/oauth1-verifier.ts'
import { consumerSecret, examples, oddBase, oddRequest } from './rfc5849.ts'

const form = 'application/x-www-form-urlencoded'

/** What is signed of a request without any parameter of OAuth. */
const base = (url: string, body?: string, contentType = form) => {
  const headers: Record<string, string> = body === undefined ? {} : { 'content-type': contentType }
  return baseStringOf({ method: 'POST', url, headers, body }, [])
}
const parametersIn = (text: string) => decodeURIComponent(text.split('&')[2]!)

test('what is signed is what RFC 5849 shows', () => {
  const { method, url, body } = oddRequest
  const { parameters } = readRequest(oddRequest)!
  const own = parameters.filter(([name]) => name.startsWith('oauth_'))
  const headers = { 'content-type': form }
  expect(baseStringOf({ method, url, headers, body }, own)).toBe(oddBase)
})

test.each(examples)('$what has the signature that RFC 5849 shows', ({ request, tokenSecret }) => {
  const { oauth } = readRequest(request)!
  const own = [...oauth].filter(([name]) => name !== 'oauth_signature')
  const { method, url } = request
  const text = baseStringOf({ method, url, headers: {}, body: undefined }, own)
  const signed = signatureOf('HMAC-SHA1', text, { consumerSecret, tokenSecret })
  expect(signed).toBe(oauth.get('oauth_signature'))
})

test.each([
  ['HTTP://EXAMPLE.COM:80/r%20v/X?id=1', 'http://example.com/r%20v/X'],
  ['https://example.com:443', 'https://example.com/'],
  ['https://example.com:80/', 'https://example.com:80/'],
  ['http://example.com:8080/?q=1', 'http://example.com:8080/'],
  ['https://bücher.example/ü', 'https://xn--bcher-kva.example/%C3%BC'],
  ["https://example.com/a;b='(c)'!*", "https://example.com/a;b='(c)'!*"],
])('of %s the address %s is signed', (url, address) => {
  expect(decodeURIComponent(base(url).split('&')[1]!)).toBe(address)
})

test.each([
  ['', ''],
  ['a=&a=1&a', 'a=&a=&a=1'],
  ['a=2&a=10&a=1', 'a=1&a=10&a=2'],
  ['a%20=1&a=2', 'a=2&a%20=1'],
  ['A=1&a=2&_=3&~=4&0=5', '0=5&A=1&_=3&a=2&~=4'],
  ['a=b=c', 'a=b%3Dc'],
  ['a=b+c%2Bd', 'a=b%20c%2Bd'],
  ['&&a=1&&=&=2&', '=&=2&a=1'],
  ["a=!*'()", 'a=%21%2A%27%28%29'],
  ['a=%c3%a9', 'a=%C3%A9'],
  ['a=é😀', 'a=%C3%A9%F0%9F%98%80'],
  ['a=%zz%', 'a=%25zz%25'],
  ['a=%E9', 'a=%E9'],
  ['__proto__=1&constructor=2', '__proto__=1&constructor=2'],
  ['a=?/#', 'a=%3F%2F%23'],
])('a form %s is signed as %s', (text, signed) => {
  expect(parametersIn(base('https://example.com/', text))).toBe(signed)
  if (text.includes('#')) return
  expect(parametersIn(base(`https://example.com/?${text}`))).toBe(signed)
})

test('what stands in query and form is signed together', () => {
  const url = 'https://example.com/?a=3&b=1'
  const type = 'Application/X-WWW-Form-Urlencoded; charset=UTF-8'
  expect(parametersIn(base(url, 'a=1&c=%26', type))).toBe('a=1&a=3&b=1&c=%26')
})

test.each(['application/json', 'multipart/form-data; boundary=x', 'text/plain', ''])(
  'a body of type "%s" is not signed',
  (type) => {
    expect(parametersIn(base('https://example.com/?a=1', 'b=2', type))).toBe('a=1')
  },
)

const text = fc.string({ unit: 'grapheme' })
const part = fc.oneof(text, fc.constantFrom('', ' ', '+', '%', '=', '&', "!*'()~", 'é€😀', '%2B'))
const written = fc
  .array(fc.tuple(part, part), { maxLength: 6 })
  .map((pairs) => new URLSearchParams(pairs).toString())
const host = fc.constantFrom('http://e.example', 'HTTPS://E.Example:443', 'http://e.example:8080')
const segments = fc
  .array(text, { maxLength: 3 })
  .map((all) => all.map((one) => `/${encodeURIComponent(one)}`).join(''))

test('whatever is asked for and by whom, a server finds the same signature', () => {
  const agree = fc.property(
    fc.record({ host, segments, query: written, body: written }),
    fc.array(
      fc.tuple(
        part.map((one) => `oauth_${one}`),
        part,
      ),
      { maxLength: 3 },
    ),
    fc.record({ consumerSecret: part, tokenSecret: part }),
    fc.constantFrom(...signatureMethods),
    ({ host: origin, segments: path, query, body }, given, secrets, method) => {
      const own = [...new Map(given)] as Parameter[]
      const url = `${origin}${path}${query && `?${query}`}`
      const headers = { 'content-type': form }
      const ours = baseStringOf({ method: 'PUT', url, headers, body }, own)
      const request = { method: 'PUT', url, contentType: form, body }
      const parameters = [...readRequest(request)!.parameters, ...own].map(
        ([name, value]): [string, string] => [name, value],
      )
      const theirs = signatureBase(request, { oauth: new Map(), realm: undefined, parameters })
      expect(ours).toBe(theirs)
      expect(signatureOf(method, ours, secrets)).toBe(
        signature(method, theirs, secrets.consumerSecret, secrets.tokenSecret),
      )
    },
  )
  fc.assert(agree, { numRuns: 500 })
})
