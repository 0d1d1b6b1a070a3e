import {
  basicOf,
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
const html = { 'content-type': 'text/html; charset=utf-8' }

/** Systems that run a shop. */
export const shops: Record<string, StandIn> = {
  shopify: {
    hosts: ['*.myshopify.com'],
    answer(asked) {
      const { at, host, headers } = asked
      if (host !== 'acme.myshopify.com') return { status: 404, body: { errors: 'Not Found' } }
      if (at === 'POST /admin/oauth/access_token') {
        return isClient(formOf(asked))
          ? { body: { access_token: sessionToken, scope: 'read_orders', expires_in: 86399 } }
          : noToken('invalid_client', plausible('The client credentials are invalid.'), 400)
      }
      if (at !== 'GET /admin/api/2026-07/shop.json')
        return { status: 404, body: { errors: 'Not Found' } }
      const token = headers['x-shopify-access-token']
      if (token === limited) {
        const errors = '[API] This action requires merchant approval for read_orders scope.'
        return { status: 403, body: { errors } }
      }
      if (token !== right && token !== sessionToken) {
        const errors =
          '[API] Invalid API key or access token (unrecognized login or wrong password)'
        return { status: 401, body: { errors } }
      }
      return { body: { shop: { id: 548380009, name: 'Acme' } } }
    },
    accounts: {
      accessToken: {
        good: { shop: 'acme', 'access.token': right },
        alike: [{ shop: 'acme.myshopify.com' }, { shop: 'https://ACME.myshopify.com/admin' }],
        bad: [
          rejected(
            { 'access.token': wrong },
            '[API] Invalid API key or access token (unrecognized login or wrong password)',
          ),
          insufficient(
            { 'access.token': limited },
            '[API] This action requires merchant approval for read_orders scope.',
          ),
          misdirected({ shop: 'nobody' }, 'Not Found'),
        ],
      },
      clientCredentials: {
        good: { shop: 'acme', ...client },
        bad: [rejected({ 'client.secret': wrong }, 'The client credentials are invalid.')],
      },
    },
  },
  magento: {
    hosts: ['magento.acme.example'],
    answer(asked) {
      const { at } = asked
      if (at === 'POST /rest/default/V1/integration/admin/token') {
        const { username, password } = jsonOf(asked)
        const message =
          'The account sign-in was incorrect or your account is disabled temporarily. Please wait and try again later.'
        // The token is the whole of the answer, in quotes.
        return username === 'admin' && password === right
          ? { headers: { 'content-type': 'application/json' }, body: `"${sessionToken}"` }
          : { status: 401, body: { message } }
      }
      if (at !== 'GET /rest/default/V1/store/storeConfigs') {
        return at.includes('/rest/') ? nothingThere : { headers: html, body: '<html>Acme</html>' }
      }
      const message = "The consumer isn't authorized to access %resources."
      const known = [right, sessionToken].includes(bearerOf(asked) ?? '')
      return known
        ? { body: [{ id: 1, code: 'default' }] }
        : { status: 401, body: { message, parameters: { resources: 'Magento_Backend::store' } } }
    },
    accounts: {
      integration: {
        good: { 'store.url': 'https://magento.acme.example', 'access.token': right },
        alike: [{ 'store.url': 'magento.acme.example/' }],
        bad: [
          rejected(
            { 'access.token': wrong },
            "The consumer isn't authorized to access %resources.",
          ),
          misdirected({ 'store.code': 'nowhere' }, 'Not Found'),
        ],
      },
      administrator: {
        good: { 'store.url': 'https://magento.acme.example', username: 'admin', password: right },
        bad: [
          rejected(
            { password: wrong },
            'The account sign-in was incorrect or your account is disabled temporarily. Please wait and try again later.',
          ),
        ],
      },
    },
  },
  woocommerce: {
    hosts: ['woo.acme.example', 'plain.acme.example'],
    answer(asked) {
      const { at, host } = asked
      if (host === 'plain.acme.example' || at !== 'GET /wp-json/wc/v3/products') {
        const message = 'No route was found matching the URL and request method.'
        return { status: 404, body: { code: 'rest_no_route', message, data: { status: 404 } } }
      }
      const [key, secret] = basicOf(asked)?.split(':') ?? []
      if (key !== 'ck_1' || (secret !== right && secret !== limited)) {
        const code = 'woocommerce_rest_authentication_error'
        const message = 'Consumer secret is invalid.'
        return { status: 401, body: { code, message, data: { status: 401 } } }
      }
      if (secret === limited) {
        const code = 'woocommerce_rest_cannot_view'
        const message = 'Sorry, you cannot list resources.'
        return { status: 401, body: { code, message, data: { status: 401 } } }
      }
      return { body: [] }
    },
    accounts: {
      basic: {
        good: {
          'store.url': 'woo.acme.example',
          'consumer.key': 'ck_1',
          'consumer.secret': right,
        },
        bad: [
          rejected({ 'consumer.secret': wrong }, 'Consumer secret is invalid.'),
          rejected({ 'consumer.secret': limited }, 'Sorry, you cannot list resources.'),
          misdirected(
            { 'store.url': 'plain.acme.example' },
            'No route was found matching the URL and request method.',
          ),
        ],
      },
    },
  },
  bigcommerce: {
    hosts: ['api.bigcommerce.com'],
    answer({ at, headers }) {
      if (at !== 'GET /stores/abc123/v2/store')
        return { status: 404, body: { status: 404, title: 'Not Found' } }
      // Its version 2 answers XML to whoever does not ask for JSON.
      if (headers.accept !== 'application/json') return { body: '<store><id>1</id></store>' }
      const token = headers['x-auth-token']
      if (token === busy) {
        const title = plausible('You are making too many requests')
        return {
          status: 429,
          headers: { 'x-rate-limit-time-reset-ms': '4200' },
          body: { status: 429, title },
        }
      }
      return token === right
        ? { body: { id: 'abc123', name: 'Acme' } }
        : { status: 401, body: { status: 401, title: plausible('Unauthorized') } }
    },
    accounts: {
      apiKey: {
        good: { 'store.hash': 'abc123', 'access.token': right },
        alike: [{ 'store.hash': 'https://api.bigcommerce.com/stores/abc123/v3/' }],
        bad: [
          rejected({ 'access.token': wrong }, 'Unauthorized'),
          throttled({ 'access.token': busy }, 'You are making too many requests', '5'),
          misdirected({ 'store.hash': 'nobody' }, 'Not Found'),
        ],
      },
    },
  },
  vtex: {
    hosts: ['*.vtexcommercestable.com.br'],
    answer({ at, host, headers }) {
      if (host !== 'acme.vtexcommercestable.com.br') return noSuchTenant
      if (at !== 'GET /api/catalog_system/pvt/brand/list') return nothingThere
      const { 'x-vtex-api-appkey': key, 'x-vtex-api-apptoken': token } = headers
      if (key === 'vtexappkey-acme-1' && token === limited) {
        return { status: 403, body: { error: { code: '1', message: plausible('Access denied') } } }
      }
      return key === 'vtexappkey-acme-1' && token === right
        ? { body: [] }
        : { status: 401, body: { error: { code: '2', message: plausible('Invalid app token') } } }
    },
    accounts: {
      headers: {
        good: { account: 'acme', 'app.key': 'vtexappkey-acme-1', 'app.token': right },
        alike: [{ account: 'https://acme.myvtex.com/admin' }],
        bad: [
          rejected({ 'app.token': wrong }, 'Invalid app token'),
          insufficient({ 'app.token': limited }, 'Access denied'),
          misdirected({ account: 'nobody' }),
        ],
      },
    },
  },
  commercetools: {
    hosts: ['api.eu-central-1.aws.commercetools.com', 'auth.eu-central-1.aws.commercetools.com'],
    answer(asked) {
      const { at, host } = asked
      if (host.startsWith('auth.')) {
        const isKnown = basicOf(asked) === `client-1:${right}`
        const isAsked = formOf(asked).grant_type === 'client_credentials'
        if (at !== 'POST /oauth/token' || !isAsked) return nothingThere
        const description =
          'Please provide valid client credentials using HTTP Basic Authentication.'
        return isKnown ? tokenReply : noToken('invalid_client', description)
      }
      if (bearerOf(asked) !== sessionToken)
        return { status: 401, body: { message: 'invalid_token' } }
      if (at === 'GET /acme') return { body: { key: 'acme', name: 'Acme' } }
      const message = plausible('Insufficient scope.')
      return { status: 403, body: { statusCode: 403, message } }
    },
    accounts: {
      session: {
        good: { region: 'eu-central-1.aws', 'project.key': 'acme', ...client },
        bad: [
          rejected(
            { 'client.secret': wrong },
            'Please provide valid client credentials using HTTP Basic Authentication.',
          ),
          insufficient({ 'project.key': 'another' }, 'Insufficient scope.'),
        ],
      },
    },
  },
  shopware: {
    hosts: ['shopware.acme.example', 'elsewhere.acme.example'],
    answer(asked) {
      if (asked.host === 'elsewhere.acme.example') return { headers: html, body: '<html></html>' }
      if (asked.at !== 'POST /api/oauth/token') return nothingThere
      if (isClient(jsonOf(asked), 'SWIA1')) return tokenReply
      const title = 'Client authentication failed'
      return { status: 401, body: { errors: [{ code: '4', status: '401', title }] } }
    },
    accounts: {
      session: {
        good: {
          'shop.url': 'shopware.acme.example',
          'access.key.id': 'SWIA1',
          'secret.access.key': right,
        },
        bad: [
          rejected({ 'secret.access.key': wrong }, 'Client authentication failed'),
          misdirected({ 'shop.url': 'elsewhere.acme.example' }),
        ],
      },
    },
  },
}
