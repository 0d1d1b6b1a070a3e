import { type Consented, consentOnly, type Desk, limitedToken } from './consent.ts'
import {
  bearerOf,
  insufficient,
  noToken,
  plausible,
  rejected,
  type StandIn,
  sessionToken,
} from './stand-in.ts'

const tokenType = { token_type: 'bearer' }
const drive = 'https://www.googleapis.com/auth/drive.readonly'
const sheets =
  'https://www.googleapis.com/auth/spreadsheets.readonly https://www.googleapis.com/auth/userinfo.email'

const googleDesk: Desk = {
  page: 'accounts.google.com/o/oauth2/v2/auth',
  token: 'oauth2.googleapis.com/token',
  client: 'post',
  scope: [drive, sheets],
  asks: { access_type: 'offline', prompt: 'consent' },
  gives: { token_type: 'Bearer' },
}

/** Microsoft Graph's; its page is that of every other app of Microsoft. */
export const onedriveDesk: Desk = {
  page: 'login.microsoftonline.com/common/oauth2/v2.0/authorize',
  token: 'login.microsoftonline.com/common/oauth2/v2.0/token',
  client: 'post',
  scope: 'Files.Read offline_access',
  gives: { token_type: 'Bearer', ext_expires_in: 3600 },
}

/** To what people consent at vendors that know nobody in another way. */
const ways: Record<string, Consented> = {
  quickbooks: {
    hosts: ['quickbooks.api.intuit.com', 'sandbox-quickbooks.api.intuit.com'],
    desk: {
      page: 'appcenter.intuit.com/connect/oauth2',
      token: 'oauth.platform.intuit.com/oauth2/v1/tokens/bearer',
      client: 'basic',
      scope: 'com.intuit.quickbooks.accounting',
      tells: { realmId: '9341452' },
      gives: { ...tokenType, x_refresh_token_expires_in: 8_726_400 },
    },
    api(asked) {
      if (asked.at !== 'GET /v3/company/9341452/companyinfo/9341452') return undefined
      const isSandbox = asked.host.startsWith('sandbox-')
      const refuse = (status: number, Message: string) => ({
        status,
        body: { Fault: { Error: [{ Message, code: '3200' }], type: 'AUTHENTICATION' } },
      })
      if (isSandbox) return refuse(403, plausible('ApplicationAuthorizationFailed'))
      return bearerOf(asked) === sessionToken
        ? { body: { CompanyInfo: { CompanyName: 'Acme', Id: '1' } } }
        : refuse(401, 'AuthenticationFailed')
    },
    bad: [
      rejected({ 'oauth.scope': 'openid' }, 'AuthenticationFailed'),
      insufficient({ environment: 'sandbox-quickbooks' }, 'ApplicationAuthorizationFailed'),
    ],
  },
  zohocrm: {
    hosts: ['www.zohoapis.eu'],
    desk: {
      page: 'accounts.zoho.eu/oauth/v2/auth',
      token: 'accounts.zoho.eu/oauth/v2/token',
      client: 'post',
      scope: 'ZohoCRM.users.READ',
      asks: { access_type: 'offline', prompt: 'consent' },
      tells: { location: 'eu', 'accounts-server': 'https://accounts.zoho.eu' },
      gives: { token_type: 'Bearer', api_domain: 'https://www.zohoapis.eu' },
      // Its errors have the status of a success.
      refuse: (error) =>
        noToken(error === 'invalid_client' ? 'invalid_client_secret' : 'invalid_code', '', 200),
    },
    carried: (token) => ({ authorization: `Zoho-oauthtoken ${token}` }),
    api({ at, host, query, headers }) {
      if (host !== 'www.zohoapis.eu' || at !== 'GET /crm/v8/users') return undefined
      const refuse = (code: string, message: string) => ({
        status: 401,
        body: { code, details: {}, message, status: 'error' },
      })
      if (headers.authorization === `Zoho-oauthtoken ${limitedToken}`) {
        return refuse('OAUTH_SCOPE_MISMATCH', plausible('invalid oauth scope to access this URL'))
      }
      const isKnown = headers.authorization === `Zoho-oauthtoken ${sessionToken}`
      return isKnown && query.get('type') === 'CurrentUser'
        ? { body: { users: [{ id: '1' }] } }
        : refuse('INVALID_TOKEN', 'invalid oauth token')
    },
    good: { 'data.center': 'eu' },
    words: 'invalid_client_secret',
    bad: [
      insufficient({ 'oauth.scope': 'ZohoCRM.org.READ' }, 'invalid oauth scope to access this URL'),
    ],
  },
  googledrive: {
    hosts: ['www.googleapis.com'],
    desk: googleDesk,
    api(asked) {
      const { at, query } = asked
      const isDrive = at === 'GET /drive/v3/about' && query.get('fields') === 'user'
      if (!isDrive && at !== 'GET /oauth2/v2/userinfo') return undefined
      const message = plausible('Request had insufficient authentication scopes.')
      if (bearerOf(asked) === limitedToken) return { status: 403, body: { error: { message } } }
      if (bearerOf(asked) !== sessionToken) return { status: 401 }
      return { body: isDrive ? { user: { emailAddress: 'a@acme.example' } } : { id: '1' } }
    },
    bad: [
      insufficient({ 'oauth.scope': 'openid' }, 'Request had insufficient authentication scopes.'),
    ],
  },
  // One and the same vendor answers both.
  googlesheets: { desk: googleDesk },
  dropbox: {
    hosts: ['api.dropboxapi.com'],
    desk: {
      page: 'www.dropbox.com/oauth2/authorize',
      token: 'api.dropboxapi.com/oauth2/token',
      client: 'post',
      scope: 'account_info.read files.metadata.read',
      asks: { token_access_type: 'offline' },
      gives: { ...tokenType, account_id: 'dbid:1', uid: '1' },
    },
    api(asked) {
      if (asked.at !== 'POST /2/users/get_current_account') return undefined
      // It takes none but "null", and no other type of content.
      if (asked.body !== '' || asked.headers['content-type']) return { status: 400 }
      const error_summary = plausible('missing_scope/')
      return bearerOf(asked) === sessionToken
        ? { body: { account_id: 'dbid:1' } }
        : { status: 401, body: { error_summary } }
    },
    bad: [rejected({ 'oauth.scope': 'files.metadata.read' }, 'missing_scope/')],
  },
  onedrive: {
    hosts: ['graph.microsoft.com'],
    desk: onedriveDesk,
    api(asked) {
      if (asked.at !== 'GET /v1.0/me/drive') return undefined
      const error = {
        code: 'InvalidAuthenticationToken',
        message: plausible('Access token is empty'),
      }
      return bearerOf(asked) === sessionToken
        ? { body: { id: 'b!1', driveType: 'business' } }
        : { status: 401, body: { error } }
    },
  },
  docusign: {
    hosts: ['account-d.docusign.com', 'eu.docusign.net'],
    desk: {
      page: 'account.docusign.com/oauth/auth',
      token: 'account.docusign.com/oauth/token',
      client: 'basic',
      scope: 'signature',
      gives: { token_type: 'Bearer' },
    },
    api(asked) {
      if (bearerOf(asked) !== sessionToken) return undefined
      if (asked.at === 'GET /oauth/userinfo') {
        const other = { account_id: 'a2', is_default: false, base_uri: 'https://na3.docusign.net' }
        const own = { account_id: 'a1', is_default: true, base_uri: 'https://eu.docusign.net' }
        return { body: { sub: '1', name: 'Acme', accounts: [other, own] } }
      }
      const isAccount = asked.at === 'GET /restapi/v2.1/accounts/a1'
      return isAccount && asked.host === 'eu.docusign.net'
        ? { body: { accountIdGuid: 'a1', accountName: 'Acme' } }
        : undefined
    },
  },
  ebay: {
    hosts: ['api.ebay.com'],
    desk: {
      page: 'auth.ebay.com/oauth2/authorize',
      token: 'api.ebay.com/identity/v1/oauth2/token',
      client: 'basic',
      scope: 'https://api.ebay.com/oauth/api_scope/sell.account.readonly',
      redirectUri: 'Acme-AcmeApp-abcde-fghij',
      tells: { expires_in: '299' },
      gives: { token_type: 'User Access Token', refresh_token_expires_in: 47_304_000 },
    },
    api(asked) {
      if (asked.at !== 'GET /sell/account/v1/privilege') return undefined
      const message = plausible('Insufficient permissions to fulfill the request.')
      if (bearerOf(asked) === limitedToken) {
        return { status: 403, body: { errors: [{ errorId: 1100, message }] } }
      }
      return bearerOf(asked) === sessionToken
        ? { body: { sellerRegistrationCompleted: true } }
        : { status: 401, body: { errors: [{ errorId: 1001, message: 'Invalid access token' }] } }
    },
    good: { 'ru.name': 'Acme-AcmeApp-abcde-fghij' },
    bad: [
      insufficient(
        { 'oauth.scope': 'https://api.ebay.com/oauth/api_scope' },
        'Insufficient permissions to fulfill the request.',
      ),
    ],
  },
  etsy: {
    hosts: ['api.etsy.com'],
    desk: {
      page: 'www.etsy.com/oauth/connect',
      token: 'api.etsy.com/v3/public/oauth/token',
      client: 'none',
      scope: 'shops_r',
      pkce: 'required',
      gives: { token_type: 'Bearer' },
    },
    api(asked) {
      if (asked.at !== 'GET /v3/application/users/me') return undefined
      const isKnown = asked.headers['x-api-key'] === 'client-1' && bearerOf(asked) === sessionToken
      return isKnown
        ? { body: { user_id: 1, shop_id: 2 } }
        : { status: 401, body: { error: plausible('invalid_token') } }
    },
    bad: [rejected({ 'oauth.scope': 'listings_r' }, 'invalid_token')],
  },
  hmrc: {
    hosts: ['test-www.tax.service.gov.uk', 'test-api.service.hmrc.gov.uk'],
    desk: {
      page: 'test-www.tax.service.gov.uk/oauth/authorize',
      token: 'test-api.service.hmrc.gov.uk/oauth/token',
      client: 'post',
      scope: 'hello',
      gives: { ...tokenType, scope: 'hello' },
    },
    api(asked) {
      if (asked.at !== 'GET /hello/user') return undefined
      if (asked.headers.accept !== 'application/vnd.hmrc.1.0+json') return { status: 406 }
      const message = 'Invalid Authentication information provided'
      return bearerOf(asked) === sessionToken
        ? { body: { message: 'Hello User' } }
        : { status: 401, body: { code: 'INVALID_CREDENTIALS', message } }
    },
    good: { environment: 'test-api' },
  },
  spotify: {
    hosts: ['api.spotify.com'],
    desk: {
      page: 'accounts.spotify.com/authorize',
      token: 'accounts.spotify.com/api/token',
      client: 'basic',
      scope: 'user-read-private',
      gives: { token_type: 'Bearer' },
    },
    api(asked) {
      if (asked.at !== 'GET /v1/me') return undefined
      return bearerOf(asked) === sessionToken ? { body: { id: 'acme' } } : { status: 401 }
    },
  },
  bitbucket: {
    hosts: ['api.bitbucket.org'],
    desk: {
      page: 'bitbucket.org/site/oauth2/authorize',
      token: 'bitbucket.org/site/oauth2/access_token',
      client: 'basic',
      scope: 'account',
      gives: { ...tokenType, scopes: 'account' },
    },
    api(asked) {
      if (asked.at !== 'GET /2.0/user') return undefined
      const error = { message: plausible('Your credentials lack one or more required scopes.') }
      if (bearerOf(asked) === limitedToken) return { status: 403, body: { type: 'error', error } }
      return bearerOf(asked) === sessionToken
        ? { body: { type: 'user', uuid: '{1}' } }
        : { status: 401 }
    },
    bad: [
      insufficient(
        { 'oauth.scope': 'repository' },
        'Your credentials lack one or more required scopes.',
      ),
    ],
  },
}

export const consentedAlone: Record<string, StandIn> = Object.fromEntries(
  Object.entries(ways).map(([key, way]) => [key, consentOnly(way)]),
)
