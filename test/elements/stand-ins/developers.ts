import { createPublicKey, generateKeyPairSync, verify as verifySignature } from 'node:crypto'
import {
  basicOf,
  bearerOf,
  busy,
  insufficient,
  limited,
  misdirected,
  nothingThere,
  plausible,
  rejected,
  right,
  type StandIn,
  throttled,
  wrong,
} from './stand-in.ts'

const pair = () =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  })
const app = pair()
const accountSid = `AC${'0'.repeat(31)}1`
const keySid = `SK${'0'.repeat(31)}2`

/** For those who build software, and what sends messages for it. */
export const developers: Record<string, StandIn> = {
  github: {
    hosts: ['api.github.com'],
    answer(asked) {
      const { at, headers } = asked
      if (!headers['user-agent']) return { status: 403, body: 'Request forbidden' }
      if (at === 'GET /app') return appOf(bearerOf(asked) ?? '')
      if (at !== 'GET /user') return nothingThere
      const token = bearerOf(asked)
      if (token === busy) {
        const message = plausible('API rate limit exceeded for user ID 1.')
        return { status: 403, headers: { 'x-ratelimit-remaining': '0' }, body: { message } }
      }
      return token === right
        ? { body: { login: 'octocat', id: 1 } }
        : { status: 401, body: { message: 'Bad credentials' } }
    },
    accounts: {
      bearer: {
        good: { 'access.token': right },
        bad: [
          rejected({ 'access.token': wrong }, 'Bad credentials'),
          throttled({ 'access.token': busy }, 'API rate limit exceeded for user ID 1.'),
        ],
      },
    },
  },
  githubapp: {
    // One and the same vendor answers both.
    hosts: [],
    answer: () => nothingThere,
    accounts: {
      jwt: {
        good: { 'app.id': '123456', 'private.key': app.privateKey },
        bad: [
          rejected({ 'private.key': pair().privateKey }, 'A JSON web token could not be decoded'),
        ],
      },
    },
  },
  gitlab: {
    hosts: ['gitlab.acme.example', 'gitlab.com', 'elsewhere.gitlab.example'],
    answer({ at, host, headers }) {
      if (host === 'elsewhere.gitlab.example') {
        return { headers: { 'content-type': 'text/html' }, body: '<html></html>' }
      }
      if (at !== 'GET /api/v4/user') return { status: 404, body: { error: '404 Not Found' } }
      const token = headers['private-token']
      if (token === limited) {
        const error_description =
          'The request requires higher privileges than provided by the access token.'
        return { status: 403, body: { error: 'insufficient_scope', error_description } }
      }
      return token === right
        ? { body: { id: 1, username: 'acme' } }
        : { status: 401, body: { message: '401 Unauthorized' } }
    },
    accounts: {
      apiKey: {
        good: { 'server.url': 'https://gitlab.acme.example', 'access.token': right },
        alike: [{ 'server.url': 'gitlab.com' }],
        bad: [
          rejected({ 'access.token': wrong }, '401 Unauthorized'),
          insufficient(
            { 'access.token': limited },
            'The request requires higher privileges than provided by the access token.',
          ),
          misdirected({ 'server.url': 'elsewhere.gitlab.example' }),
        ],
      },
    },
  },
  digitalocean: {
    hosts: ['api.digitalocean.com'],
    answer(asked) {
      if (asked.at !== 'GET /v2/account') return nothingThere
      const message = 'Unable to authenticate you'
      return bearerOf(asked) === right
        ? { body: { account: { status: 'active' } } }
        : { status: 401, body: { id: 'Unauthorized', message } }
    },
    accounts: {
      bearer: {
        good: { 'access.token': right },
        bad: [rejected({ 'access.token': wrong }, 'Unable to authenticate you')],
      },
    },
  },
  vercel: {
    hosts: ['api.vercel.com'],
    answer(asked) {
      if (asked.at !== 'GET /v2/user') return nothingThere
      const token = bearerOf(asked)
      if (token === right) return { body: { user: { id: '1' } } }
      const known = token === limited
      const message = plausible(known ? 'You lack permission' : 'Not authorized')
      const invalid = known ? {} : { invalidToken: true }
      return { status: 403, body: { error: { code: 'forbidden', message, ...invalid } } }
    },
    accounts: {
      bearer: {
        good: { 'access.token': right },
        bad: [
          rejected({ 'access.token': wrong }, 'Not authorized'),
          insufficient({ 'access.token': limited }, 'You lack permission'),
        ],
      },
    },
  },
  slack: {
    hosts: ['slack.com'],
    answer(asked) {
      if (asked.at !== 'GET /api/auth.test') return { body: { ok: false, error: 'unknown_method' } }
      const errors: Record<string, string> = { [limited]: 'missing_scope', [busy]: 'ratelimited' }
      const token = bearerOf(asked) ?? ''
      return {
        body:
          token === right
            ? { ok: true, team: 'Acme', user: 'bot' }
            : { ok: false, error: errors[token] ?? 'invalid_auth' },
      }
    },
    accounts: {
      bearer: {
        good: { token: right },
        bad: [
          rejected({ token: wrong }, 'invalid_auth'),
          insufficient({ token: limited }, 'missing_scope'),
          throttled({ token: busy }, 'ratelimited'),
        ],
      },
    },
  },
  twilio: {
    hosts: ['api.twilio.com'],
    answer(asked) {
      const path = `GET /2010-04-01/Accounts/${accountSid}/IncomingPhoneNumbers.json`
      const known = [`${accountSid}:${right}`, `${keySid}:${right}`]
      return asked.at === path && known.includes(basicOf(asked) ?? '')
        ? { body: { incoming_phone_numbers: [] } }
        : { status: 401, body: { code: 20003, message: 'Authenticate', status: 401 } }
    },
    accounts: {
      authToken: {
        good: { 'account.sid': accountSid, 'auth.token': right },
        bad: [
          rejected({ 'auth.token': wrong }, 'Authenticate'),
          rejected({ 'account.sid': `AC${'0'.repeat(32)}` }, 'Authenticate'),
        ],
      },
      apiKey: {
        good: { 'account.sid': accountSid, 'api.key.sid': keySid, 'api.key.secret': right },
        bad: [rejected({ 'api.key.secret': wrong }, 'Authenticate')],
      },
    },
  },
  sendgrid: {
    hosts: ['api.sendgrid.com'],
    answer(asked) {
      if (asked.at !== 'GET /v3/scopes') return nothingThere
      const message = 'The provided authorization grant is invalid, expired, or revoked'
      return bearerOf(asked) === right
        ? { body: { scopes: ['mail.send'] } }
        : { status: 401, body: { errors: [{ field: null, message }] } }
    },
    accounts: {
      bearer: {
        good: { 'api.key': right },
        bad: [
          rejected(
            { 'api.key': wrong },
            'The provided authorization grant is invalid, expired, or revoked',
          ),
        ],
      },
    },
  },
}

/** Whose token it is, as RFC 7515 (RS256) proves it. */
function appOf(token: string) {
  const [header = '', claims = '', signature = ''] = token.split('.')
  const { iss, iat, exp } = claims ? JSON.parse(Buffer.from(claims, 'base64url').toString()) : {}
  const isSigned = verifySignature(
    'sha256',
    Buffer.from(`${header}.${claims}`),
    createPublicKey(app.publicKey),
    Buffer.from(signature, 'base64url'),
  )
  return isSigned && iss === '123456' && exp - iat <= 600
    ? { body: { id: 123456, slug: 'acme-app' } }
    : { status: 401, body: { message: 'A JSON web token could not be decoded' } }
}
