import { expect, test } from 'vitest'
import { readRequest, signature, signatureBase } from '../support/oauth1-verifier.ts'
import { consumerSecret, examples, oddBase, oddRequest } from './rfc5849.ts'

test.each(examples)('$what is signed as RFC 5849 shows it', ({ request, tokenSecret }) => {
  const read = readRequest(request)!
  expect(read.realm).toBe('Photos')
  const base = signatureBase(request, read)
  const signed = (secret: string) => signature('HMAC-SHA1', base, consumerSecret, secret)
  expect(signed(tokenSecret)).toBe(read.oauth.get('oauth_signature'))
  expect(signed(`${tokenSecret}x`)).not.toBe(read.oauth.get('oauth_signature'))
})

test('what is signed of a request with odd parameters is as RFC 5849 shows it', () => {
  expect(signatureBase(oddRequest, readRequest(oddRequest)!)).toBe(oddBase)
})

test('host and port are signed as section 3.4.1.2 shows it', () => {
  const based = (url: string) => {
    const request = { method: 'GET', url }
    return signatureBase(request, readRequest(request)!).split('&')[1]
  }
  expect(based('HTTP://EXAMPLE.COM:80/r%20v/X?id=123')).toBe(
    encodeURIComponent('http://example.com/r%20v/X'),
  )
  expect(based('https://www.example.net:8080/?q=1')).toBe(
    encodeURIComponent('https://www.example.net:8080/'),
  )
})

test('a parameter of OAuth that is there twice is refused', () => {
  const url = 'http://example.com/?oauth_nonce=2'
  expect(readRequest({ ...oddRequest, url })).toBeUndefined()
  expect(readRequest({ ...oddRequest, body: 'oauth_token=other' })).toBeUndefined()
})

test('a method that is not known signs nothing', () => {
  expect(signature('PLAINTEXT', oddBase, 'a', 'b')).toBeUndefined()
})
