import { asSession, basic, type Consented, openDesk } from './consent.ts'
import { onedriveDesk } from './consents-alone.ts'
import { bearerOf, insufficient, noToken, plausible, rejected, sessionToken } from './stand-in.ts'

const tokenType = { token_type: 'bearer' }

/** To what people of sales, service, shops and accounts consent, at vendors that are known in other ways as well. */
export const businessConsents: Record<string, Consented> = {
  hubspot: {
    desk: {
      page: 'app.hubspot.com/oauth/authorize',
      token: 'api.hubapi.com/oauth/v1/token',
      client: 'post',
      scope: 'oauth',
      gives: tokenType,
      refuse: (error) => ({
        status: 400,
        body: {
          status: error === 'invalid_client' ? 'BAD_CLIENT_SECRET' : 'BAD_AUTH_CODE',
          message: plausible('missing or unknown client secret'),
        },
      }),
    },
    words: 'missing or unknown client secret',
    bad: [insufficient({ 'oauth.scope': 'tickets' }, 'This app has not been granted all scopes.')],
  },
  salesforce: {
    hosts: ['test.salesforce.com'],
    desk: {
      page: 'login.salesforce.com/services/oauth2/authorize',
      token: 'login.salesforce.com/services/oauth2/token',
      client: 'post',
      scope: 'api refresh_token',
      gives: {
        token_type: 'Bearer',
        expires_in: undefined,
        instance_url: 'https://acme.my.salesforce.com',
        id: 'https://login.salesforce.com/id/00D/005',
      },
    },
    taken: asSession,
  },
  dataverse: {
    desk: {
      page: 'login.microsoftonline.com/tenant-1/oauth2/v2.0/authorize',
      token: 'login.microsoftonline.com/tenant-1/oauth2/v2.0/token',
      client: 'post',
      scope: 'https://acme.crm4.dynamics.com/.default offline_access',
      gives: { token_type: 'Bearer', ext_expires_in: 3600 },
    },
    // One and the same host signs in the users of both.
    api: openDesk(onedriveDesk),
    taken: asSession,
    good: { environment: 'acme.crm4.dynamics.com', 'tenant.id': 'tenant-1' },
  },
  pipedrive: {
    desk: {
      page: 'oauth.pipedrive.com/oauth/authorize',
      token: 'oauth.pipedrive.com/oauth/token',
      client: 'basic',
      gives: { token_type: 'Bearer', api_domain: 'https://acme.pipedrive.com' },
    },
    taken: (secret) => ({ 'x-api-token': secret }),
  },
  mailchimp: {
    hosts: ['login.mailchimp.com'],
    desk: {
      page: 'login.mailchimp.com/oauth2/authorize',
      token: 'login.mailchimp.com/oauth2/token',
      client: 'post',
      gives: { expires_in: 0, scope: null },
    },
    taken: (secret) => basic(`any:${secret}-us21`),
    api({ at, host, headers }) {
      if (host !== 'login.mailchimp.com' || at !== 'GET /oauth2/metadata') return undefined
      return headers.authorization === `OAuth ${sessionToken}`
        ? { body: { dc: 'us21', api_endpoint: 'https://us21.api.mailchimp.com' } }
        : { status: 401, body: { error: 'invalid_token' } }
    },
  },
  klaviyo: {
    desk: {
      page: 'www.klaviyo.com/oauth/authorize',
      token: 'a.klaviyo.com/oauth/token',
      client: 'basic',
      scope: 'accounts:read',
      pkce: 'required',
      gives: { token_type: 'Bearer', scope: 'accounts:read' },
    },
    taken: (secret) => ({ authorization: `Klaviyo-API-Key ${secret}` }),
    bad: [insufficient({ 'oauth.scope': 'lists:read' }, 'A required scope is missing.')],
  },
  zendesk: {
    desk: {
      page: 'acme.zendesk.com/oauth/authorizations/new',
      token: 'acme.zendesk.com/oauth/tokens',
      client: 'post',
      scope: 'read',
      gives: tokenType,
    },
    taken: (secret) => basic(`agent@acme.example/token:${secret}`),
    good: { subdomain: 'acme' },
  },
  gorgias: {
    desk: {
      page: 'acme.gorgias.com/oauth/authorize',
      token: 'acme.gorgias.com/oauth/token',
      client: 'basic',
      scope: 'openid offline account:read',
      gives: tokenType,
    },
    taken: (secret) => basic(`agent@acme.example:${secret}`),
    good: { subdomain: 'acme' },
  },
  intercom: {
    desk: {
      page: 'app.intercom.com/oauth',
      token: 'api.eu.intercom.io/auth/eagle/token',
      client: 'post',
      gives: { token_type: 'Bearer', token: sessionToken },
      refuse: () => ({
        status: 401,
        body: { type: 'error.list', errors: [{ message: plausible('Unknown client') }] },
      }),
    },
    good: { region: 'api.eu' },
    words: 'Unknown client',
  },
  servicenow: {
    desk: {
      page: 'acme.service-now.com/oauth_auth.do',
      token: 'acme.service-now.com/oauth_token.do',
      client: 'post',
      gives: { token_type: 'Bearer', scope: 'useraccount' },
    },
    taken: (secret) => basic(`integration:${secret}`),
    good: { instance: 'acme' },
  },
  shopify: {
    desk: {
      page: 'acme.myshopify.com/admin/oauth/authorize',
      token: 'acme.myshopify.com/admin/oauth/access_token',
      client: 'post',
      tells: { hmac: 'ab12', host: 'YWNtZQ', shop: 'acme.myshopify.com', timestamp: '1' },
      gives: { scope: 'read_orders' },
      refuse: (error) =>
        noToken(
          error === 'invalid_client' ? 'invalid_request' : error,
          plausible('The client is not known'),
          400,
        ),
    },
    carried: (token) => ({ 'x-shopify-access-token': token }),
    taken: (secret) => ({ 'x-shopify-access-token': secret }),
    good: { shop: 'acme' },
    words: 'The client is not known',
    bad: [
      insufficient(
        { 'oauth.scope': 'read_products' },
        '[API] This action requires merchant approval for read_orders scope.',
      ),
    ],
  },
  bigcommerce: {
    desk: {
      page: 'login.bigcommerce.com/oauth2/authorize',
      token: 'login.bigcommerce.com/oauth2/token',
      client: 'post',
      scope: 'store_v2_information_read_only',
      asks: { context: 'stores/abc123' },
      needs: { context: 'stores/abc123', scope: 'store_v2_information_read_only' },
      gives: { context: 'stores/abc123', account_uuid: '1' },
    },
    carried: (token) => ({ 'x-auth-token': token }),
    taken: (secret) => ({ 'x-auth-token': secret }),
    good: { 'store.hash': 'abc123' },
  },
  stripe: {
    desk: {
      page: 'connect.stripe.com/oauth/authorize',
      token: 'connect.stripe.com/oauth/token',
      client: 'post',
      scope: 'read_only',
      gives: { ...tokenType, stripe_user_id: 'acct_1', livemode: true },
    },
    bad: [insufficient({ 'oauth.scope': 'read_write' }, 'The key lacks permissions.')],
  },
  square: {
    desk: {
      page: 'connect.squareup.com/oauth2/authorize',
      token: 'connect.squareup.com/oauth2/token',
      client: 'post',
      body: 'json',
      scope: 'MERCHANT_PROFILE_READ',
      pkce: 'refused',
      gives: { ...tokenType, expires_in: undefined, expires_at: '2099-01-02T03:04:05Z' },
    },
    bad: [insufficient({ 'oauth.scope': 'ORDERS_READ' }, 'A scope is missing.')],
  },
  xero: {
    desk: {
      page: 'login.xero.com/identity/connect/authorize',
      token: 'identity.xero.com/connect/token',
      client: 'basic',
      scope: 'openid offline_access accounting.settings.read',
      gives: { token_type: 'Bearer', expires_in: 1800 },
    },
    taken: asSession,
    bad: [rejected({ 'oauth.scope': 'openid' }, 'AuthenticationUnsuccessful')],
  },
  netsuite: {
    hosts: ['*.app.netsuite.com'],
    desk: {
      page: '1234567-sb1.app.netsuite.com/app/login/oauth2/authorize.nl',
      token: '1234567-sb1.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token',
      client: 'basic',
      scope: 'rest_webservices',
      tells: { role: '3', entity: '12', company: '1234567_SB1' },
      gives: tokenType,
    },
    api(asked) {
      const isOurs = asked.at === 'GET /services/rest/record/v1/currency'
      return isOurs && bearerOf(asked) === sessionToken ? { body: { items: [] } } : undefined
    },
    good: { account: '1234567_SB1' },
  },
}
