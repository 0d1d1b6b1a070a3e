import {
  bearerOf,
  busy,
  formOf,
  insufficient,
  isClient,
  jsonOf,
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
  throttled,
  tokenReply,
  wrong,
} from './stand-in.ts'

const client = { 'client.id': 'client-1', 'client.secret': right }

/** What watches over systems and people, and what thinks for them. */
export const operations: Record<string, StandIn> = {
  okta: {
    hosts: ['acme.okta.com', 'nobody.okta.com'],
    answer({ at, host, headers }) {
      if (host !== 'acme.okta.com') return noSuchTenant
      if (at !== 'GET /api/v1/users/me') return nothingThere
      return headers.authorization === `SSWS ${right}`
        ? { body: { id: '1', status: 'ACTIVE' } }
        : {
            status: 401,
            body: { errorCode: 'E0000011', errorSummary: 'Invalid token provided' },
          }
    },
    accounts: {
      apiKey: {
        good: { 'org.url': 'https://acme.okta.com', 'api.token': right },
        alike: [{ 'org.url': 'acme.okta.com' }],
        bad: [
          rejected({ 'api.token': wrong }, 'Invalid token provided'),
          misdirected({ 'org.url': 'nobody.okta.com' }),
        ],
      },
    },
  },
  auth0: {
    hosts: ['*.eu.auth0.com'],
    answer(asked) {
      const { at, host } = asked
      if (host !== 'acme.eu.auth0.com') return noSuchTenant
      if (at === 'POST /oauth/token') {
        const fields = jsonOf(asked)
        if (fields.audience !== 'https://acme.eu.auth0.com/api/v2/') {
          return noToken('access_denied', plausible('Service not found'), 403)
        }
        if (fields.client_secret === limited) {
          const description = 'Client is not authorized to access this resource server.'
          return noToken('access_denied', plausible(description), 403)
        }
        return isClient(fields) ? tokenReply : noToken('access_denied', 'Unauthorized')
      }
      if (at !== 'GET /api/v2/tenants/settings') return nothingThere
      return bearerOf(asked) === sessionToken
        ? { body: { friendly_name: 'Acme' } }
        : { status: 401, body: { message: 'Invalid token' } }
    },
    accounts: {
      session: {
        good: { domain: 'acme.eu.auth0.com', ...client },
        alike: [{ domain: 'https://acme.eu.auth0.com/' }],
        bad: [
          rejected({ 'client.secret': wrong }, 'Unauthorized'),
          insufficient(
            { 'client.secret': limited },
            'Client is not authorized to access this resource server.',
          ),
          misdirected({ domain: 'nobody.eu.auth0.com' }),
        ],
      },
    },
  },
  datadog: {
    hosts: ['api.datadoghq.com', 'api.datadoghq.eu'],
    answer({ at, host, headers }) {
      if (at !== 'GET /api/v2/validate_keys') return nothingThere
      if (headers['dd-api-key'] === busy) {
        const errors = [plausible('Too many requests')]
        return { status: 429, headers: { 'x-ratelimit-reset': '7' }, body: { errors } }
      }
      const isKnown = headers['dd-api-key'] === right && headers['dd-application-key'] === right
      return host === 'api.datadoghq.eu' && isKnown
        ? { body: { status: 'ok' } }
        : { status: 403, body: { errors: ['Forbidden'] } }
    },
    accounts: {
      headers: {
        good: { site: 'datadoghq.eu', 'api.key': right, 'application.key': right },
        bad: [
          rejected({ 'api.key': wrong }, 'Forbidden'),
          rejected({ 'application.key': wrong }, 'Forbidden'),
          rejected({ site: 'datadoghq.com' }, 'Forbidden'),
          throttled({ 'api.key': busy }, 'Too many requests', '7'),
        ],
      },
    },
  },
  pagerduty: {
    hosts: ['api.pagerduty.com'],
    answer({ at, headers }) {
      if (at !== 'GET /abilities') return nothingThere
      if (headers.authorization === `Token token=${busy}`) {
        const error = { message: plausible('Rate Limit Exceeded'), code: 2020 }
        return { status: 429, headers: { 'ratelimit-reset': '12' }, body: { error } }
      }
      const message = plausible('Invalid Credentials')
      return headers.authorization === `Token token=${right}`
        ? { body: { abilities: ['teams'] } }
        : { status: 401, body: { error: { message, code: 2006 } } }
    },
    accounts: {
      apiKey: {
        good: { 'api.key': right },
        bad: [
          rejected({ 'api.key': wrong }, 'Invalid Credentials'),
          throttled({ 'api.key': busy }, 'Rate Limit Exceeded', '12'),
        ],
      },
    },
  },
  ninjaone: {
    hosts: ['*.ninjarmm.com'],
    answer(asked) {
      if (asked.at === 'POST /ws/oauth/token') {
        const form = formOf(asked)
        if (asked.host !== 'eu.ninjarmm.com' || !isClient(form)) {
          return noToken('invalid_client', plausible('Client app not found'))
        }
        return form.scope === 'monitoring'
          ? tokenReply
          : noToken('invalid_scope', plausible('The scope was not granted'), 400)
      }
      if (asked.at !== 'GET /v2/organizations') return nothingThere
      return bearerOf(asked) === sessionToken ? { body: [] } : { status: 401 }
    },
    accounts: {
      session: {
        good: { instance: 'eu', ...client },
        bad: [
          rejected({ 'client.secret': wrong }, 'Client app not found'),
          rejected({ instance: 'app' }, 'Client app not found'),
          insufficient({ scope: 'control' }, 'The scope was not granted'),
        ],
      },
    },
  },
  openai: {
    hosts: ['api.openai.com'],
    answer(asked) {
      if (asked.at !== 'GET /v1/models') return nothingThere
      const message = 'Incorrect API key provided.'
      return bearerOf(asked) === right
        ? { body: { object: 'list', data: [] } }
        : { status: 401, body: { error: { message, code: 'invalid_api_key' } } }
    },
    accounts: {
      bearer: {
        good: { 'api.key': right },
        bad: [rejected({ 'api.key': wrong }, 'Incorrect API key provided.')],
      },
    },
  },
  anthropic: {
    hosts: ['api.anthropic.com'],
    answer({ at, headers }) {
      if (at !== 'GET /v1/models') return nothingThere
      const refuse = (status: number, type: string, message: string) => ({
        status,
        body: { type: 'error', error: { type, message } },
      })
      if (headers['anthropic-version'] !== '2023-06-01') {
        return refuse(400, 'invalid_request_error', 'anthropic-version: header is required')
      }
      return headers['x-api-key'] === right
        ? { body: { data: [], has_more: false } }
        : refuse(401, 'authentication_error', 'invalid x-api-key')
    },
    accounts: {
      apiKey: {
        good: { 'api.key': right },
        bad: [rejected({ 'api.key': wrong }, 'invalid x-api-key')],
      },
    },
  },
  elevenlabs: {
    hosts: ['api.elevenlabs.io'],
    answer({ at, headers }) {
      if (at !== 'GET /v1/user') return nothingThere
      const key = headers['xi-api-key']
      if (key === right) return { body: { subscription: { tier: 'creator' } } }
      const detail =
        key === limited
          ? { status: 'missing_permissions', message: plausible('user_read is missing.') }
          : { status: 'invalid_api_key', message: 'Invalid API key' }
      return { status: 401, body: { detail } }
    },
    accounts: {
      apiKey: {
        good: { 'api.key': right },
        bad: [
          rejected({ 'api.key': wrong }, 'Invalid API key'),
          insufficient({ 'api.key': limited }, 'user_read is missing.'),
        ],
      },
    },
  },
}
