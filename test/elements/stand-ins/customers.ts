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
  throttled,
  tokenReply,
  wrong,
} from './stand-in.ts'

const client = { 'client.id': 'client-1', 'client.secret': right }

/** Systems that know customers: sales and marketing. */
export const customers: Record<string, StandIn> = {
  salesforce: {
    hosts: ['*.my.salesforce.com'],
    answer(asked) {
      const { at, host } = asked
      if (!host.startsWith('acme')) return noSuchTenant
      if (at === 'POST /services/oauth2/token') {
        return isClient(formOf(asked))
          ? { body: { access_token: sessionToken, instance_url: `https://${host}` } }
          : noToken('invalid_client', 'invalid client credentials', 400)
      }
      if (at !== 'GET /services/data/v62.0/limits') return nothingThere
      if (bearerOf(asked) !== sessionToken) {
        const message = 'Session expired or invalid'
        return { status: 401, body: [{ message, errorCode: 'INVALID_SESSION_ID' }] }
      }
      if (host.startsWith('acme-busy')) {
        const message = 'TotalRequests Limit exceeded.'
        return { status: 403, body: [{ message, errorCode: 'REQUEST_LIMIT_EXCEEDED' }] }
      }
      return { body: { DailyApiRequests: { Max: 100_000, Remaining: 99_000 } } }
    },
    accounts: {
      session: {
        good: { 'my.domain': 'acme', ...client },
        alike: [
          { 'my.domain': 'https://acme.my.salesforce.com/' },
          { 'my.domain': 'acme--uat.sandbox.my.salesforce.com' },
        ],
        bad: [
          rejected({ 'client.secret': wrong }, 'invalid client credentials'),
          throttled({ 'my.domain': 'acme-busy' }, 'TotalRequests Limit exceeded.'),
          misdirected({ 'my.domain': 'nobody' }),
        ],
      },
    },
  },
  dataverse: {
    hosts: ['login.microsoftonline.com', '*.crm4.dynamics.com'],
    answer(asked) {
      const { at, host } = asked
      if (host === 'login.microsoftonline.com') {
        if (at !== 'POST /tenant-1/oauth2/v2.0/token') {
          return noToken('invalid_request', 'AADSTS90002: Tenant not found.', 400)
        }
        const form = formOf(asked)
        if (!/^https:\/\/[a-z]+\.crm4\.dynamics\.com\/\.default$/.test(String(form.scope))) {
          return noToken(
            'invalid_scope',
            'AADSTS70011: The provided value for scope is not valid.',
            400,
          )
        }
        return isClient(form)
          ? tokenReply
          : noToken('invalid_client', 'AADSTS7000215: Invalid client secret provided.')
      }
      if (at !== 'GET /api/data/v9.2/WhoAmI') return nothingThere
      const isMember = host === 'acme.crm4.dynamics.com' && bearerOf(asked) === sessionToken
      const message = plausible('The user is not a member of the organization.')
      return isMember
        ? { body: { UserId: '00000000-0000-0000-0000-000000000001' } }
        : { status: host === 'acme.crm4.dynamics.com' ? 401 : 403, body: { error: { message } } }
    },
    accounts: {
      session: {
        good: { environment: 'acme.crm4.dynamics.com', 'tenant.id': 'tenant-1', ...client },
        alike: [{ environment: 'https://acme.crm4.dynamics.com/main.aspx' }],
        bad: [
          rejected({ 'client.secret': wrong }, 'AADSTS7000215: Invalid client secret provided.'),
          misdirected({ 'tenant.id': 'tenant-2' }, 'AADSTS90002: Tenant not found.'),
          insufficient(
            { environment: 'other.crm4.dynamics.com' },
            'The user is not a member of the organization.',
          ),
        ],
      },
    },
  },
  hubspot: {
    hosts: ['api.hubapi.com'],
    answer(asked) {
      if (asked.at !== 'GET /account-info/v3/details') return nothingThere
      const refuse = (status: number, category: string, message: string) => ({
        status,
        body: { status: 'error', message, category },
      })
      const token = bearerOf(asked)
      if (token === right) return { body: { portalId: 12345, timeZone: 'Europe/Paris' } }
      return token === limited
        ? refuse(403, 'MISSING_SCOPES', plausible('This app has not been granted all scopes.'))
        : refuse(401, 'INVALID_AUTHENTICATION', plausible('Authentication credentials not found.'))
    },
    accounts: {
      bearer: {
        good: { 'access.token': right },
        bad: [
          rejected({ 'access.token': wrong }, 'Authentication credentials not found.'),
          insufficient({ 'access.token': limited }, 'This app has not been granted all scopes.'),
        ],
      },
    },
  },
  pipedrive: {
    hosts: ['*.pipedrive.com'],
    answer({ at, host, headers }) {
      if (host !== 'acme.pipedrive.com') return noSuchTenant
      if (at !== 'GET /api/v1/users/me') return nothingThere
      return headers['x-api-token'] === right
        ? { body: { success: true, data: { id: 1 } } }
        : { status: 401, body: { success: false, error: 'unauthorized access', errorCode: 401 } }
    },
    accounts: {
      apiKey: {
        good: { company: 'acme', 'api.token': right },
        alike: [{ company: 'acme.pipedrive.com' }],
        bad: [
          rejected({ 'api.token': wrong }, 'unauthorized access'),
          misdirected({ company: 'nobody' }),
        ],
      },
    },
  },
  mailchimp: {
    hosts: ['*.api.mailchimp.com'],
    answer(asked) {
      if (asked.at !== 'GET /3.0/ping') return nothingThere
      const detail =
        "Your API key may be invalid, or you've attempted to access the wrong datacenter."
      const [, key] = basicOf(asked)?.split(':') ?? []
      return asked.host === 'us21.api.mailchimp.com' && key === `${right}-us21`
        ? { body: { health_status: "Everything's Chimpy!" } }
        : { status: 401, body: { title: 'API Key Invalid', status: 401, detail } }
    },
    accounts: {
      basic: {
        good: { 'api.key': `${right}-us21` },
        bad: [
          rejected(
            { 'api.key': `${wrong}-us21` },
            "Your API key may be invalid, or you've attempted to access the wrong datacenter.",
          ),
          rejected(
            { 'api.key': `${right}-us6` },
            "Your API key may be invalid, or you've attempted to access the wrong datacenter.",
          ),
        ],
      },
    },
  },
  klaviyo: {
    hosts: ['a.klaviyo.com'],
    answer({ at, headers }) {
      if (at !== 'GET /api/accounts') return nothingThere
      const refuse = (status: number, code: string, detail: string) => ({
        status,
        body: { errors: [{ status, code, detail }] },
      })
      if (!/^\d{4}-\d{2}-\d{2}$/.test(String(headers.revision))) {
        return refuse(400, 'invalid', plausible('Provide a revision.'))
      }
      if (headers.authorization === `Klaviyo-API-Key ${right}`) return { body: { data: [] } }
      return headers.authorization === `Klaviyo-API-Key ${limited}`
        ? refuse(403, 'permission_denied', plausible('A required scope is missing.'))
        : refuse(401, 'authentication_failed', plausible('Incorrect authentication credentials.'))
    },
    accounts: {
      apiKey: {
        good: { 'api.key': right },
        bad: [
          rejected({ 'api.key': wrong }, 'Incorrect authentication credentials.'),
          insufficient({ 'api.key': limited }, 'A required scope is missing.'),
        ],
      },
    },
  },
  yotpo: {
    hosts: ['api.yotpo.com'],
    answer({ at, body }) {
      if (at !== 'POST /core/v3/stores/store-1/access_tokens') return nothingThere
      return JSON.parse(body).secret === right
        ? { body: { access_token: sessionToken } }
        : { status: 401, body: { errors: [{ message: plausible('Invalid secret') }] } }
    },
    accounts: {
      session: {
        good: { 'store.id': 'store-1', secret: right },
        bad: [
          rejected({ secret: wrong }, 'Invalid secret'),
          misdirected({ 'store.id': 'store-2' }, 'Not Found'),
        ],
      },
    },
  },
}
