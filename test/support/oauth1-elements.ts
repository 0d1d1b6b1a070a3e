const secret = (key: string) => ({ key, name: key, type: 'password', secret: true })

/** An element that signs its requests to `{server}/api`, with a token that is brought along. */
export function oauth1Element(id: number, key: string, changes: object = {}, more: object = {}) {
  const authentication = {
    type: 'oauth1',
    name: 'OAuth 1',
    consumerKey: '{client}',
    consumerSecret: '{client.secret}',
    token: '{token}',
    tokenSecret: '{token.secret}',
    ...changes,
  }
  const definition = {
    format: 1,
    id,
    key,
    name: 'Signed',
    hub: 'general',
    description: 'Knows its callers by signatures.',
    configDescription: 'Made up for the tests.',
    entries: [
      { key: 'server', name: 'Server', type: 'url', required: true },
      { key: 'client', name: 'Consumer key', type: 'text' },
      { key: 'account', name: 'Account', type: 'text' },
      { key: 'callback', name: 'Callback', type: 'text' },
      { key: 'note', name: 'Note', type: 'text' },
      ...['client.secret', 'token', 'token.secret'].map(secret),
    ],
    baseUrl: '{server}/api',
    authentications: [authentication],
    probes: [me],
    ...more,
  }
  return JSON.parse(JSON.stringify(definition)) as typeof definition
}

export const judged = {
  providerMessage: ['?oauth_problem_advice'],
  rules: [{ when: { status: 200, json: { pointer: '/parameters' } }, verdict: 'verified' }],
}
const me = { method: 'GET', path: 'me', ...judged }

/** What takes the place of a token that is brought along. */
export const byConsent = {
  token: undefined,
  tokenSecret: undefined,
  requestTokenUrl: '{server}/oauth/request_token',
  authorizeUrl: '{server}/oauth/authorize',
  accessTokenUrl: '{server}/oauth/access_token',
}
