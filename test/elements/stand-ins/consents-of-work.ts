import { asSession, type Consented, limitedToken } from './consent.ts'
import { bearerOf, insufficient, noToken, sessionToken } from './stand-in.ts'

const tokenType = { token_type: 'bearer' }

/** To what people consent who work together, build and watch software, at vendors that are known in other ways as well. */
export const workConsents: Record<string, Consented> = {
  slack: {
    desk: {
      page: 'slack.com/oauth/v2/authorize',
      token: 'slack.com/api/oauth.v2.access',
      client: 'post',
      scope: 'users:read',
      gives: { ok: true, token_type: 'bot', scope: 'users:read', team: { id: 'T1', name: 'Acme' } },
      refuse: (error) => ({
        body: { ok: false, error: error === 'invalid_client' ? 'bad_client_secret' : error },
      }),
    },
    words: 'bad_client_secret',
    bad: [insufficient({ 'oauth.scope': 'chat:write' }, 'missing_scope')],
  },
  asana: {
    desk: {
      page: 'app.asana.com/-/oauth_authorize',
      token: 'app.asana.com/-/oauth_token',
      client: 'post',
      gives: { ...tokenType, data: { gid: '1', name: 'Acme' } },
    },
  },
  monday: {
    desk: {
      page: 'auth.monday.com/oauth2/authorize',
      token: 'auth.monday.com/oauth2/token',
      client: 'post',
      scope: 'me:read',
      gives: { token_type: 'Bearer', scope: 'me:read' },
    },
    carried: (token) => ({ authorization: token }),
    taken: (secret) => ({ authorization: secret }),
    bad: [insufficient({ 'oauth.scope': 'boards:read' }, 'User unauthorized to perform action')],
  },
  notion: {
    desk: {
      page: 'api.notion.com/v1/oauth/authorize',
      token: 'api.notion.com/v1/oauth/token',
      client: 'basic',
      body: 'json',
      asks: { owner: 'user' },
      gives: { ...tokenType, bot_id: '1', workspace_name: 'Acme' },
    },
  },
  airtable: {
    desk: {
      page: 'airtable.com/oauth2/v1/authorize',
      token: 'airtable.com/oauth2/v1/token',
      client: 'basic',
      scope: 'schema.bases:read',
      pkce: 'required',
      gives: { token_type: 'Bearer', refresh_expires_in: 5_184_000 },
    },
  },
  jira: {
    hosts: ['api.atlassian.com'],
    desk: {
      page: 'auth.atlassian.com/authorize',
      token: 'auth.atlassian.com/oauth/token',
      client: 'post',
      body: 'json',
      asks: { audience: 'api.atlassian.com', prompt: 'consent' },
      scope: 'read:jira-user offline_access',
      gives: { token_type: 'Bearer' },
    },
    api(asked) {
      if (asked.host !== 'api.atlassian.com') return undefined
      const token = bearerOf(asked)
      const message = 'Unauthorized'
      if (asked.at === 'GET /oauth/token/accessible-resources') {
        const sites = [
          { id: 'cloud-2', url: 'https://beta.atlassian.net', scopes: ['read:jira-user'] },
          { id: 'cloud-1', url: 'https://acme.atlassian.net', scopes: ['read:jira-user'] },
        ]
        return token === limitedToken ? { body: [] } : { body: sites }
      }
      return asked.at === 'GET /ex/jira/cloud-1/rest/api/3/myself' && token === sessionToken
        ? { body: { accountId: '1' } }
        : { status: 401, body: { code: 401, message } }
    },
    good: { site: 'acme' },
    bad: [
      insufficient({ 'oauth.scope': 'offline_access' }, undefined),
      { change: { site: 'nobody' }, code: 'vendor-unexpected', words: undefined },
    ],
  },
  box: {
    desk: {
      page: 'account.box.com/api/oauth2/authorize',
      token: 'api.box.com/oauth2/token',
      client: 'post',
      gives: { ...tokenType, restricted_to: [] },
    },
    taken: asSession,
  },
  github: {
    desk: {
      page: 'github.com/login/oauth/authorize',
      token: 'github.com/login/oauth/access_token',
      client: 'post',
      gives: { ...tokenType, scope: '' },
      // Its errors have the status of a success.
      refuse: (error) => {
        const named = error === 'invalid_client' ? 'incorrect_client_credentials' : error
        return noToken(named, 'The client_id and/or client_secret passed are incorrect.', 200)
      },
    },
    words: 'The client_id and/or client_secret passed are incorrect.',
  },
  gitlab: {
    desk: {
      page: 'gitlab.acme.example/oauth/authorize',
      token: 'gitlab.acme.example/oauth/token',
      client: 'post',
      scope: 'read_user',
      gives: { token_type: 'Bearer' },
    },
    taken: (secret) => ({ 'private-token': secret }),
    good: { 'server.url': 'https://gitlab.acme.example' },
    bad: [
      insufficient(
        { 'oauth.scope': 'read_repository' },
        'The request requires higher privileges than provided by the access token.',
      ),
    ],
  },
  pagerduty: {
    desk: {
      page: 'app.pagerduty.com/oauth/authorize',
      token: 'app.pagerduty.com/oauth/token',
      client: 'post',
      scope: 'read',
      gives: tokenType,
    },
    taken: (secret) => ({ authorization: `Token token=${secret}` }),
  },
  okta: {
    desk: {
      page: 'acme.okta.com/oauth2/v1/authorize',
      token: 'acme.okta.com/oauth2/v1/token',
      client: 'basic',
      scope: 'openid offline_access okta.users.read.self',
      gives: { token_type: 'Bearer' },
    },
    taken: (secret) => ({ authorization: `SSWS ${secret}` }),
    good: { 'org.url': 'https://acme.okta.com' },
  },
  ninjaone: {
    desk: {
      page: 'eu.ninjarmm.com/ws/oauth/authorize',
      token: 'eu.ninjarmm.com/ws/oauth/token',
      client: 'post',
      scope: 'monitoring offline_access',
      gives: { token_type: 'Bearer' },
    },
    taken: asSession,
    good: { instance: 'eu' },
  },
}
