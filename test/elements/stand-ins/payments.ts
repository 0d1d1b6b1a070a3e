import { knownCertificate, knownName, strangeCertificate } from './certificates.ts'
import {
  basicOf,
  bearerOf,
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
  tokenReply,
  wrong,
} from './stand-in.ts'

const client = { 'client.id': 'client-1', 'client.secret': right }

/** Whatever moves money, or bills it. */
export const payments: Record<string, StandIn> = {
  stripe: {
    hosts: ['api.stripe.com'],
    answer(asked) {
      if (asked.at !== 'GET /v1/balance') return nothingThere
      const key = bearerOf(asked) ?? basicOf(asked)?.replace(/:$/, '')
      if (key === right) return { body: { object: 'balance', available: [] } }
      return key === limited
        ? { status: 403, body: { error: { message: plausible('The key lacks permissions.') } } }
        : { status: 401, body: { error: { message: 'Invalid API Key provided' } } }
    },
    accounts: {
      bearer: {
        good: { 'secret.key': right },
        bad: [
          rejected({ 'secret.key': wrong }, 'Invalid API Key provided'),
          insufficient({ 'secret.key': limited }, 'The key lacks permissions.'),
        ],
      },
      basic: {
        good: { 'secret.key': right },
        bad: [rejected({ 'secret.key': wrong }, 'Invalid API Key provided')],
      },
    },
  },
  paypal: {
    hosts: ['api-m.paypal.com', 'api-m.sandbox.paypal.com'],
    answer(asked) {
      if (asked.at !== 'POST /v1/oauth2/token') return nothingThere
      const isAsked = formOf(asked).grant_type === 'client_credentials'
      const isKnown = asked.host === 'api-m.sandbox.paypal.com' && isAsked
      return isKnown && basicOf(asked) === `client-1:${right}`
        ? tokenReply
        : noToken('invalid_client', 'Client Authentication failed')
    },
    accounts: {
      session: {
        good: { environment: 'api-m.sandbox', ...client },
        bad: [
          rejected({ 'client.secret': wrong }, 'Client Authentication failed'),
          rejected({ environment: 'api-m' }, 'Client Authentication failed'),
        ],
      },
    },
  },
  square: {
    hosts: ['connect.squareup.com', 'connect.squareupsandbox.com'],
    answer(asked) {
      if (asked.at !== 'GET /v2/merchants') return nothingThere
      const refuse = (status: number, code: string, detail: string) => ({
        status,
        body: { errors: [{ category: 'AUTHENTICATION_ERROR', code, detail }] },
      })
      if (asked.host !== 'connect.squareup.com' || bearerOf(asked) === wrong) {
        return refuse(401, 'UNAUTHORIZED', 'This request could not be authorized.')
      }
      return bearerOf(asked) === right
        ? { body: { merchant: [{ id: '1' }] } }
        : refuse(403, 'INSUFFICIENT_SCOPES', plausible('A scope is missing.'))
    },
    accounts: {
      bearer: {
        good: { environment: 'squareup', 'access.token': right },
        bad: [
          rejected({ 'access.token': wrong }, 'This request could not be authorized.'),
          rejected({ environment: 'squareupsandbox' }, 'This request could not be authorized.'),
          insufficient({ 'access.token': limited }, 'A scope is missing.'),
        ],
      },
    },
  },
  adyen: {
    hosts: ['management-live.adyen.com', 'management-test.adyen.com'],
    answer(asked) {
      const { at, host, headers } = asked
      if (at !== 'GET /v3/me') return nothingThere
      const isKnown =
        headers['x-api-key'] === right || basicOf(asked) === `ws@Company.Acme:${right}`
      const detail = plausible('Client Authentication required')
      return host === 'management-test.adyen.com' && isKnown
        ? { body: { id: 'S1', username: 'ws@Company.Acme' } }
        : { status: 401, body: { title: 'Unauthorized', status: 401, detail } }
    },
    accounts: {
      apiKey: {
        good: { environment: 'test', 'api.key': right },
        bad: [
          rejected({ 'api.key': wrong }, 'Client Authentication required'),
          rejected({ environment: 'live' }, 'Client Authentication required'),
        ],
      },
      basic: {
        good: { environment: 'test', username: 'ws@Company.Acme', password: right },
        bad: [rejected({ password: wrong }, 'Client Authentication required')],
      },
    },
  },
  worldpay: {
    hosts: ['access.worldpay.com', 'try.access.worldpay.com'],
    answer(asked) {
      if (asked.at !== 'GET /') return nothingThere
      const message = plausible('Access to the requested resource has been denied')
      return basicOf(asked) === `user-1:${right}` || asked.certificate === knownName
        ? { body: { _links: { 'payments:authorize': { href: '/payments' } } } }
        : { status: 401, body: { errorName: 'accessDenied', message } }
    },
    accounts: {
      basic: {
        good: { environment: 'try.access', username: 'user-1', password: right },
        bad: [rejected({ password: wrong }, 'Access to the requested resource has been denied')],
      },
      certificate: {
        good: { environment: 'try.access', 'client.certificate': knownCertificate },
        bad: [
          rejected(
            { 'client.certificate': strangeCertificate },
            'Access to the requested resource has been denied',
          ),
        ],
      },
    },
  },
  plaid: {
    hosts: ['production.plaid.com', 'sandbox.plaid.com'],
    answer(asked) {
      if (asked.at !== 'POST /institutions/get') return nothingThere
      const { client_id, secret, count, offset, country_codes } = jsonOf(asked)
      const refuse = (error_code: string, error_message: string) => ({
        status: 400,
        body: { error_type: 'INVALID_INPUT', error_code, error_message },
      })
      if (count !== 1 || offset !== 0 || !Array.isArray(country_codes)) {
        return refuse('MISSING_FIELDS', plausible('A field is missing.'))
      }
      if (client_id !== 'client-1' || secret === wrong || asked.host !== 'sandbox.plaid.com') {
        return refuse('INVALID_API_KEYS', 'invalid client_id or secret provided')
      }
      return secret === right
        ? { body: { institutions: [], total: 0 } }
        : refuse('UNAUTHORIZED_ENVIRONMENT', plausible('The client may not use this environment.'))
    },
    accounts: {
      body: {
        good: { environment: 'sandbox', 'client.id': 'client-1', secret: right },
        bad: [
          rejected({ secret: wrong }, 'invalid client_id or secret provided'),
          rejected({ environment: 'production' }, 'invalid client_id or secret provided'),
          insufficient({ secret: limited }, 'The client may not use this environment.'),
        ],
      },
    },
  },
  xero: {
    hosts: ['identity.xero.com', 'api.xero.com'],
    answer(asked) {
      if (asked.at === 'POST /connect/token') {
        const { grant_type, scope } = formOf(asked)
        const isKnown =
          /^client-[12]:/.test(basicOf(asked) ?? '') && basicOf(asked)?.endsWith(right)
        if (grant_type !== 'client_credentials' || !isKnown)
          return noToken('invalid_client', undefined, 400)
        if (scope !== 'accounting.transactions') return noToken('invalid_scope', undefined, 400)
        const access_token = sessionToken + (basicOf(asked)?.startsWith('client-2') ? '-2' : '')
        return { body: { access_token, expires_in: 1800, token_type: 'Bearer' } }
      }
      if (asked.at !== 'GET /Connections') return nothingThere
      const token = bearerOf(asked)
      if (token === `${sessionToken}-2`) return { body: [] }
      return token === sessionToken
        ? { body: [{ id: '1', tenantId: '2', tenantType: 'ORGANISATION' }] }
        : { status: 401, body: { Title: 'Unauthorized', Detail: 'AuthenticationUnsuccessful' } }
    },
    accounts: {
      session: {
        good: { ...client, scopes: 'accounting.transactions' },
        bad: [
          rejected({ 'client.secret': wrong }, 'invalid_client'),
          insufficient({ scopes: 'accounting.contacts' }, 'invalid_scope'),
          insufficient({ 'client.id': 'client-2' }, undefined),
        ],
      },
    },
  },
  zuora: {
    hosts: ['rest.zuora.com', 'rest.eu.zuora.com'],
    answer(asked) {
      if (asked.at === 'POST /oauth/token') {
        return isClient(formOf(asked))
          ? tokenReply
          : { status: 401, body: { message: plausible('Invalid client id') } }
      }
      if (asked.at !== 'GET /v1/catalog/products') return nothingThere
      return bearerOf(asked) === sessionToken && asked.host === 'rest.eu.zuora.com'
        ? { body: { products: [], success: true } }
        : { status: 401, body: { message: plausible('Authentication error') } }
    },
    accounts: {
      session: {
        good: { 'rest.url': 'https://rest.eu.zuora.com', ...client },
        bad: [
          rejected({ 'client.secret': wrong }, 'Invalid client id'),
          rejected({ 'rest.url': 'rest.zuora.com' }, 'Authentication error'),
        ],
      },
    },
  },
  chargebee: {
    hosts: ['*.chargebee.com'],
    answer(asked) {
      if (asked.host !== 'acme-test.chargebee.com') {
        const message = plausible('Site not found.')
        return { status: 404, body: { message, api_error_code: 'site_not_found' } }
      }
      if (asked.at !== 'GET /api/v2/customers') return nothingThere
      const message = 'Sorry, authentication failed. Invalid api key'
      return basicOf(asked) === `${right}:`
        ? { body: { list: [] } }
        : { status: 401, body: { message, api_error_code: 'api_authentication_failed' } }
    },
    accounts: {
      basic: {
        good: { site: 'acme-test', 'api.key': right },
        alike: [{ site: 'https://acme-test.chargebee.com/dashboard' }],
        bad: [
          rejected({ 'api.key': wrong }, 'Sorry, authentication failed. Invalid api key'),
          misdirected({ site: 'nobody' }, 'Site not found.'),
        ],
      },
    },
  },
  recurly: {
    hosts: ['v3.recurly.com', 'v3.eu.recurly.com'],
    answer(asked) {
      if (asked.headers.accept !== 'application/vnd.recurly.v2021-02-25') return { status: 406 }
      if (asked.at !== 'GET /sites' || asked.host !== 'v3.eu.recurly.com') return noSuchTenant
      const message = plausible('API Key invalid or missing')
      return basicOf(asked) === `${right}:`
        ? { body: { object: 'list', data: [] } }
        : { status: 401, body: { error: { type: 'unauthorized', message } } }
    },
    accounts: {
      basic: {
        good: { region: 'v3.eu', 'api.key': right },
        bad: [rejected({ 'api.key': wrong }, 'API Key invalid or missing')],
      },
    },
  },
}
