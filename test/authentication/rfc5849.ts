import type { SignedRequest } from '../support/oauth1-verifier.ts'

const parameters = (given: Record<string, string>) =>
  Object.entries({ oauth_signature_method: 'HMAC-SHA1', ...given })
    .map(([name, value]) => `${name}="${value}"`)
    .join(',\n  ')

const photos = (given: Record<string, string>) =>
  `OAuth realm="Photos",\n  ${parameters({ oauth_consumer_key: 'dpf43f3p2l4k3l03', ...given })}`

/** RFC 5849, section 1.2: its requests, and the secret of the token of each. */
export const examples: { what: string; request: SignedRequest; tokenSecret: string }[] = [
  {
    what: 'a request for a request token',
    request: {
      method: 'POST',
      url: 'https://photos.example.net/initiate',
      authorization: photos({
        oauth_timestamp: '137131200',
        oauth_nonce: 'wIjqoS',
        oauth_callback: 'http%3A%2F%2Fprinter.example.com%2Fready',
        oauth_signature: '74KNZJeDHnMBp0EMJ9ZHt%2FXKycU%3D',
      }),
    },
    tokenSecret: '',
  },
  {
    what: 'a request for a token',
    request: {
      method: 'POST',
      url: 'https://photos.example.net/token',
      authorization: photos({
        oauth_token: 'hh5s93j4hdidpola',
        oauth_timestamp: '137131201',
        oauth_nonce: 'walatlh',
        oauth_verifier: 'hfdp7dh39dks9884',
        oauth_signature: 'gKgrFCywp7rO0OXSjdot%2FIHF7IU%3D',
      }),
    },
    tokenSecret: 'hdhd0244k9j7ao03',
  },
  {
    what: 'a request for a photo',
    request: {
      method: 'GET',
      url: 'http://photos.example.net/photos?file=vacation.jpg&size=original',
      authorization: photos({
        oauth_token: 'nnch734d00sl2jdk',
        oauth_timestamp: '137131202',
        oauth_nonce: 'chapoH',
        oauth_signature: 'MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D',
      }),
    },
    tokenSecret: 'pfkkdhi9sl3r4s00',
  },
]
export const consumerSecret = 'kd94hf93k423kf44'

/** Section 3.4.1.1: odd parameters in query and body, and what is signed. */
export const oddRequest: SignedRequest = {
  method: 'POST',
  url: 'http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b',
  contentType: 'application/x-www-form-urlencoded',
  authorization: `OAuth realm="Example",\n  ${parameters({
    oauth_consumer_key: '9djdj82h48djs9d2',
    oauth_token: 'kkk9d7dh3k39sjv7',
    oauth_timestamp: '137131201',
    oauth_nonce: '7d8f3e4a',
    oauth_signature: 'bYT5CMsGcbgUdFHObYMEfcx6bsw%3D',
  })}`,
  body: 'c2&a3=2+q',
}
export const oddBase =
  'POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7'
