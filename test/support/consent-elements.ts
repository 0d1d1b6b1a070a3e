import { oauthElement } from './oauth-elements.ts'

/** What proves a token: the server's API. */
export const me = {
  probes: [
    { method: 'GET', path: 'api/me', rules: [{ when: { status: 200 }, verdict: 'verified' }] },
  ],
}

/** An element whose token comes from somebody's consent at `{server}/auth`; one with what is changed. */
export function consentElement(id: number, key: string, changes: object = {}, more: object = {}) {
  const element = oauthElement(
    id,
    key,
    {
      grant: 'authorizationCode',
      authorizeUrl: '{server}/auth',
      authorizeParameters: { prompt: 'consent' },
      callbackUrl: '{callback}',
      scopes: ['openid', 'offline_access'],
      ...changes,
    },
    { ...me, ...more },
  )
  const callback = { key: 'callback', name: 'Callback', type: 'url' }
  return { ...element, entries: [...element.entries, callback] }
}
