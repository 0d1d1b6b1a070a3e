import {
  basicOf,
  bearerOf,
  formOf,
  insufficient,
  isClient,
  limited,
  misdirected,
  noSuchTenant,
  noToken,
  nothingThere,
  plausible,
  rejected,
  right,
  type StandIn,
  sessionToken,
  tokenReply,
  wrong,
} from './stand-in.ts'

const html = { 'content-type': 'text/html; charset=utf-8' }

/** Systems that answer tickets. */
export const helpdesks: Record<string, StandIn> = {
  zendesk: {
    hosts: ['*.zendesk.com'],
    answer(asked) {
      if (asked.host !== 'acme.zendesk.com') return noSuchTenant
      if (asked.at !== 'GET /api/v2/users.json') return nothingThere
      return basicOf(asked) === `agent@acme.example/token:${right}`
        ? { body: { users: [{ id: 1 }], count: 1 } }
        : { status: 401, body: { error: "Couldn't authenticate you" } }
    },
    accounts: {
      basic: {
        good: { subdomain: 'acme', email: 'agent@acme.example', 'api.token': right },
        alike: [
          { subdomain: 'acme.zendesk.com' },
          { subdomain: 'https://acme.zendesk.com/' },
          { subdomain: ' https://Acme.zendesk.com/agent/dashboard?brand=1 ' },
        ],
        bad: [
          rejected({ 'api.token': wrong }, "Couldn't authenticate you"),
          rejected({ email: 'nobody@acme.example' }, "Couldn't authenticate you"),
          misdirected({ subdomain: 'nobody' }),
        ],
      },
    },
  },
  freshdesk: {
    hosts: ['*.freshdesk.com'],
    answer(asked) {
      if (asked.host !== 'acme.freshdesk.com') return noSuchTenant
      if (asked.at !== 'GET /api/v2/agents/me') return nothingThere
      const message = 'You have to be logged in to perform this action.'
      return basicOf(asked) === `${right}:X`
        ? { body: { id: 1, type: 'support_agent' } }
        : { status: 401, body: { code: 'invalid_credentials', message } }
    },
    accounts: {
      basic: {
        good: { domain: 'acme', 'api.key': right },
        alike: [{ domain: 'https://acme.freshdesk.com/a/tickets' }],
        bad: [
          rejected({ 'api.key': wrong }, 'You have to be logged in to perform this action.'),
          misdirected({ domain: 'nobody' }),
        ],
      },
    },
  },
  freshservice: {
    hosts: ['*.freshservice.com'],
    answer(asked) {
      if (asked.host !== 'acme.freshservice.com') return noSuchTenant
      if (asked.at !== 'GET /api/v2/tickets') return nothingThere
      const message = 'You have to be logged in to perform this action.'
      return basicOf(asked) === `${right}:X`
        ? { body: { tickets: [] } }
        : { status: 401, body: { code: 'invalid_credentials', message } }
    },
    accounts: {
      basic: {
        good: { domain: 'acme', 'api.key': right },
        alike: [{ domain: 'acme.freshservice.com' }],
        bad: [
          rejected({ 'api.key': wrong }, 'You have to be logged in to perform this action.'),
          misdirected({ domain: 'nobody' }),
        ],
      },
    },
  },
  servicenow: {
    hosts: ['*.service-now.com'],
    answer(asked) {
      if (asked.host === 'dev1.service-now.com') {
        return { headers: html, body: '<html>Your instance is hibernating</html>' }
      }
      if (asked.at !== 'GET /api/now/table/sys_user') return nothingThere
      const message = 'User Not Authenticated'
      const detail = 'Required to provide Auth information'
      return basicOf(asked) === `integration:${right}`
        ? { body: { result: [{ sys_id: '1' }] } }
        : { status: 401, body: { error: { message, detail }, status: 'failure' } }
    },
    accounts: {
      basic: {
        good: { instance: 'acme', username: 'integration', password: right },
        alike: [{ instance: 'https://acme.service-now.com/now/nav/ui' }],
        bad: [
          rejected({ password: wrong }, 'User Not Authenticated'),
          misdirected({ instance: 'dev1' }),
        ],
      },
    },
  },
  gorgias: {
    hosts: ['*.gorgias.com'],
    answer(asked) {
      if (asked.host !== 'acme.gorgias.com') return noSuchTenant
      if (asked.at !== 'GET /api/account') return nothingThere
      return basicOf(asked) === `agent@acme.example:${right}`
        ? { body: { domain: 'acme', status: { status: 'active' } } }
        : { status: 401, body: { error: { msg: plausible('Invalid email or API key.') } } }
    },
    accounts: {
      basic: {
        good: { subdomain: 'acme', email: 'agent@acme.example', 'api.key': right },
        alike: [{ subdomain: 'https://acme.gorgias.com/app' }],
        bad: [
          rejected({ 'api.key': wrong }, 'Invalid email or API key.'),
          misdirected({ subdomain: 'nobody' }),
        ],
      },
    },
  },
  intercom: {
    hosts: ['api.intercom.io', 'api.eu.intercom.io', 'api.au.intercom.io'],
    answer(asked) {
      if (asked.at !== 'GET /me') return nothingThere
      const refuse = (message: string) => ({
        status: 401,
        body: { type: 'error.list', errors: [{ code: 'unauthorized', message }] },
      })
      if (asked.host !== 'api.eu.intercom.io') return refuse('Access Token Invalid')
      return bearerOf(asked) === right
        ? { body: { type: 'admin', id: '1', app: { type: 'app', id_code: 'acme' } } }
        : refuse('Access Token Invalid')
    },
    accounts: {
      bearer: {
        good: { region: 'api.eu', 'access.token': right },
        bad: [
          rejected({ 'access.token': wrong }, 'Access Token Invalid'),
          rejected({ region: 'api' }, 'Access Token Invalid'),
        ],
      },
    },
  },
  halopsa: {
    hosts: ['halo.acme.example', 'elsewhere.halo.example'],
    answer(asked) {
      if (asked.host !== 'halo.acme.example') return { headers: html, body: '<html></html>' }
      if (asked.at === 'POST /auth/token') {
        const form = formOf(asked)
        return isClient(form) && form.scope === 'all'
          ? tokenReply
          : noToken('invalid_client', plausible('The client secret is not valid.'), 400)
      }
      return asked.at === 'GET /api/agent/me' && bearerOf(asked) === sessionToken
        ? { body: { id: 7, name: 'API' } }
        : { status: 401 }
    },
    accounts: {
      session: {
        good: {
          'server.url': 'halo.acme.example',
          'client.id': 'client-1',
          'client.secret': right,
        },
        bad: [
          rejected({ 'client.secret': wrong }, 'The client secret is not valid.'),
          misdirected({ 'server.url': 'elsewhere.halo.example' }),
        ],
      },
    },
  },
  autotask: {
    hosts: ['webservices.autotask.net', 'webservices5.autotask.net'],
    answer({ at, host, query, headers }) {
      if (at === 'GET /ATServicesRest/V1.0/ZoneInformation') {
        const errors = ['Zone information could not be determined']
        const url = 'https://webservices5.autotask.net/ATServicesRest/'
        return query.get('user') === 'api1@ACME.COM'
          ? { body: { zoneName: 'EU 1', url, ci: 1 } }
          : { status: 500, body: { errors } }
      }
      const isCompany = at === 'GET /ATServicesRest/V1.0/Companies/entityInformation'
      if (host !== 'webservices5.autotask.net' || !isCompany) return nothingThere
      const { apiintegrationcode, username, secret } = headers
      const isKnown = apiintegrationcode === 'CODE1234' && username === 'api1@ACME.COM'
      if (isKnown && secret === limited) {
        return { status: 403, body: { errors: [plausible('The user may not read companies')] } }
      }
      return isKnown && secret === right
        ? { body: { info: { name: 'Company' } } }
        : { status: 401, body: { errors: [plausible('Invalid credentials')] } }
    },
    accounts: {
      headers: {
        good: { username: 'api1@ACME.COM', secret: right, 'integration.code': 'CODE1234' },
        bad: [
          rejected({ secret: wrong }, 'Invalid credentials'),
          rejected({ username: 'nobody@ACME.COM' }, 'Zone information could not be determined'),
          insufficient({ secret: limited }, 'The user may not read companies'),
        ],
      },
    },
  },
}
