import { readRequest, signature, signatureBase } from '../../support/oauth1-verifier.ts'
import type { Reply } from '../../support/web-server.ts'
import {
  type Asked,
  busy,
  insufficient,
  limited,
  misdirected,
  noSuchTenant,
  nothingThere,
  plausible,
  rejected,
  right,
  type StandIn,
  throttled,
  wrong,
} from './stand-in.ts'

/** The secrets of tokens, by their ids. */
const secrets = new Map([right, limited, busy].map((id) => [id, `secret-of-${id}`]))

const known = {
  account: '1234567_SB1',
  'consumer.key': 'consumer-1',
  'consumer.secret': right,
  'token.id': right,
  'token.secret': `secret-of-${right}`,
}
const ofToken = (id: string) => ({ 'token.id': id, 'token.secret': `secret-of-${id}` })

const refuse = (status: number, code: string, detail: string): Reply => ({
  status,
  headers: { 'content-type': 'application/vnd.oracle.resource+json; type=error' },
  body: {
    status,
    title: detail,
    'o:errorDetails': [{ detail, 'o:errorCode': code }],
  },
})
const invalidLogin = 'Invalid login attempt.'

/** Planning by tokens that sign each request. */
export const netsuite: Record<string, StandIn> = {
  netsuite: {
    hosts: ['*.suitetalk.api.netsuite.com'],
    answer(asked) {
      if (asked.host !== '1234567-sb1.suitetalk.api.netsuite.com') return noSuchTenant
      if (asked.at !== 'GET /services/rest/record/v1/currency') return nothingThere
      const token = tokenOf(asked)
      if (token === undefined) return refuse(401, 'INVALID_LOGIN', plausible(invalidLogin))
      if (token === limited) {
        return refuse(403, 'INSUFFICIENT_PERMISSION', plausible('Permission Violation'))
      }
      if (token === busy) {
        return refuse(400, 'SSS_REQUEST_LIMIT_EXCEEDED', plausible('Request Limit Exceeded'))
      }
      return { body: { links: [], count: 1, hasMore: true, items: [{ id: '1' }], offset: 0 } }
    },
    accounts: {
      oauth1: {
        good: known,
        alike: [
          { account: '1234567-sb1' },
          { account: ' 1234567_sb1 ' },
          { account: 'https://1234567-sb1.app.netsuite.com/app/center/card.nl' },
          { account: '1234567-SB1.suitetalk.api.netsuite.com' },
        ],
        bad: [
          rejected({ 'consumer.key': 'consumer-2' }, invalidLogin),
          rejected({ 'consumer.secret': wrong }, invalidLogin),
          rejected({ 'token.id': wrong }, invalidLogin),
          rejected({ 'token.secret': wrong }, invalidLogin),
          insufficient(ofToken(limited), 'Permission Violation'),
          throttled(ofToken(busy), 'Request Limit Exceeded'),
          misdirected({ account: '7654321' }),
        ],
      },
    },
  },
}

/** The token that a request is signed with, where all of it is right. */
function tokenOf({ at, host, query, headers }: Asked): string | undefined {
  const [method = '', path = ''] = at.split(' ')
  const request = {
    method,
    url: `https://${host}${path}?${query}`,
    authorization: headers.authorization,
  }
  const read = readRequest(request)
  const token = read?.oauth.get('oauth_token') ?? ''
  const secret = secrets.get(token)
  if (read?.realm !== '1234567_SB1' || secret === undefined) return undefined
  // It takes no weaker one.
  if (read.oauth.get('oauth_signature_method') !== 'HMAC-SHA256') return undefined
  if (read.oauth.get('oauth_consumer_key') !== 'consumer-1') return undefined
  const wanted = signature('HMAC-SHA256', signatureBase(request, read), right, secret)
  return wanted === read.oauth.get('oauth_signature') ? token : undefined
}
