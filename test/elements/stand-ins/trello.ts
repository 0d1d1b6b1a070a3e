import { readRequest, signature, signatureBase } from '../../support/oauth1-verifier.ts'
import type { Reply } from '../../support/web-server.ts'
import { app, callbackUrl } from './consent.ts'
import { type Asked, rejected, right, type StandIn, wrong } from './stand-in.ts'
import { workplaces } from './workplaces.ts'

/** Their secrets, by their names. */
const requestTokens = new Map([['request-1', 'request-secret-1']])
const tokens = new Map([['access-1', 'access-secret-1']])
const verifier = 'verifier-1'
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const refused: Reply = { status: 401, body: 'invalid signature' }

const known = workplaces.trello!

/** Boards, by keys and tokens or by consents of OAuth 1. */
export const trello: Record<string, StandIn> = {
  trello: {
    hosts: ['trello.com', ...known.hosts],
    answer(asked) {
      if (asked.host === 'trello.com') return answerConsent(asked)
      if (!asked.headers.authorization?.includes('oauth_signature')) return known.answer(asked)
      if (asked.at !== 'GET /1/members/me' || !isSigned(asked, tokens)) return refused
      return { body: { id: '1', username: 'acme' } }
    },
    accounts: {
      ...known.accounts,
      oauth1: {
        consents: true,
        good: { ...app, 'app.name': 'Acme' },
        bad: [rejected({ 'oauth.api.secret': wrong }, undefined)],
      },
    },
  },
}

function answerConsent(asked: Asked): Reply {
  const { at, query } = asked
  if (at === 'POST /1/OAuthGetRequestToken') {
    const [token, secret] = [...requestTokens][0]!
    const isOurs = isSigned(asked, new Map([['', '']]), { oauth_callback: callbackUrl })
    const given = `oauth_token=${token}&oauth_token_secret=${secret}&oauth_callback_confirmed=true`
    return isOurs ? { headers: form, body: given } : refused
  }
  if (at === 'GET /1/OAuthAuthorizeToken') {
    const wanted = { name: 'Acme', scope: 'read', expiration: 'never' }
    const lacking = Object.entries(wanted).find(([name, value]) => query.get(name) !== value)
    const token = query.get('oauth_token') ?? ''
    if (lacking || !requestTokens.has(token)) return { status: 400, body: `bad ${lacking}` }
    const told = new URLSearchParams({ oauth_token: token, oauth_verifier: verifier })
    return { status: 302, headers: { location: `${callbackUrl}?${told}` } }
  }
  if (at !== 'POST /1/OAuthGetAccessToken') return { status: 404 }
  const [token, secret] = [...tokens][0]!
  return isSigned(asked, requestTokens, { oauth_verifier: verifier })
    ? { headers: form, body: `oauth_token=${token}&oauth_token_secret=${secret}` }
    : refused
}

/** Whether the app signed it, with one of these tokens. */
function isSigned(
  { at, host, query, headers, body }: Asked,
  secrets: ReadonlyMap<string, string>,
  wanted: Record<string, string> = {},
): boolean {
  const [method = '', path = ''] = at.split(' ')
  const request = {
    method,
    url: `https://${host}${path}?${query}`,
    authorization: headers.authorization,
    contentType: headers['content-type'],
    body,
  }
  const read = readRequest(request)
  const secret = secrets.get(read?.oauth.get('oauth_token') ?? '')
  if (!read || secret === undefined || read.oauth.get('oauth_consumer_key') !== 'client-1') {
    return false
  }
  if (Object.entries(wanted).some(([name, value]) => read.oauth.get(name) !== value)) return false
  const base = signatureBase(request, read)
  const algorithm = read.oauth.get('oauth_signature_method')
  return signature(algorithm, base, right, secret) === read.oauth.get('oauth_signature')
}
