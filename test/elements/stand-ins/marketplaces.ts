import {
  basicOf,
  formOf,
  insufficient,
  jsonOf,
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

/** Where others' shops are, and what sells on several of them. */
export const marketplaces: Record<string, StandIn> = {
  mirakl: {
    hosts: ['*.mirakl.net'],
    answer({ at, host, headers }) {
      if (host !== 'market.mirakl.net') return noSuchTenant
      if (at !== 'GET /api/account') return nothingThere
      return headers.authorization === right
        ? { body: { shop_id: 2000, shop_name: 'Acme' } }
        : { status: 401, body: { message: plausible('Unauthorized'), status: 401 } }
    },
    accounts: {
      apiKey: {
        good: { instance: 'market', 'api.key': right },
        alike: [{ instance: 'https://market.mirakl.net/login' }],
        bad: [rejected({ 'api.key': wrong }, 'Unauthorized'), misdirected({ instance: 'nobody' })],
      },
    },
  },
  linnworks: {
    hosts: ['api.linnworks.net'],
    answer(asked) {
      if (asked.at !== 'POST /api/Auth/AuthorizeByApplication') return nothingThere
      const { ApplicationId, ApplicationSecret, Token } = jsonOf(asked)
      if (ApplicationId !== 'app-1' || ApplicationSecret !== right) {
        return { status: 401, body: { Code: null, Message: plausible('Application not found') } }
      }
      if (Token !== right) {
        return { status: 400, body: { Code: null, Message: plausible('Invalid token') } }
      }
      const Server = 'https://eu-ext.linnworks.net'
      return { body: { Token: sessionToken, Server, TTL: 1800 } }
    },
    accounts: {
      session: {
        good: { 'application.id': 'app-1', 'application.secret': right, token: right },
        bad: [
          rejected({ 'application.secret': wrong }, 'Application not found'),
          rejected({ token: wrong }, 'Invalid token'),
        ],
      },
    },
  },
  walmart: {
    hosts: ['marketplace.walmartapis.com'],
    answer(asked) {
      const { at, headers } = asked
      if (at !== 'POST /v3/token') return nothingThere
      const refuse = (status: number, description: string) => ({
        status,
        body: { error: [{ code: 'UNAUTHORIZED.GMP_GATEWAY_API', description }] },
      })
      if (!headers['wm_qos.correlation_id'] || !headers['wm_svc.name']) {
        return refuse(400, plausible('A required header is missing'))
      }
      // It answers XML to whoever does not ask for JSON.
      if (headers.accept !== 'application/json') return { body: '<OAuthTokenDTO/>' }
      const isAsked = formOf(asked).grant_type === 'client_credentials'
      return isAsked && basicOf(asked) === `client-1:${right}`
        ? { body: { access_token: sessionToken, token_type: 'Bearer', expires_in: 900 } }
        : refuse(401, plausible('Unauthorized'))
    },
    accounts: {
      session: {
        good: { 'client.id': 'client-1', 'client.secret': right },
        bad: [rejected({ 'client.secret': wrong }, 'Unauthorized')],
      },
    },
  },
  amazonsellingpartner: {
    hosts: ['api.amazon.com', 'sellingpartnerapi-eu.amazon.com', 'sellingpartnerapi-na.amazon.com'],
    answer(asked) {
      const { at, host, headers } = asked
      if (host === 'api.amazon.com') {
        const { grant_type, refresh_token, client_id, client_secret } = formOf(asked)
        if (at !== 'POST /auth/o2/token' || grant_type !== 'refresh_token') return nothingThere
        if (client_id !== 'client-1' || client_secret !== right) {
          return noToken('invalid_client', 'Client authentication failed')
        }
        return refresh_token === right
          ? tokenReply
          : noToken(
              'invalid_grant',
              'The request has an invalid grant parameter : refresh_token',
              400,
            )
      }
      if (at !== 'GET /sellers/v1/marketplaceParticipations') return nothingThere
      const message = 'Access to requested resource is denied.'
      return headers['x-amz-access-token'] === sessionToken && host.includes('-eu.')
        ? { body: { payload: [] } }
        : { status: 403, body: { errors: [{ code: 'Unauthorized', message }] } }
    },
    accounts: {
      session: {
        good: {
          region: 'eu',
          'client.id': 'client-1',
          'client.secret': right,
          'refresh.token': right,
        },
        bad: [
          rejected({ 'client.secret': wrong }, 'Client authentication failed'),
          rejected(
            { 'refresh.token': wrong },
            'The request has an invalid grant parameter : refresh_token',
          ),
          insufficient({ region: 'na' }, 'Access to requested resource is denied.'),
        ],
      },
    },
  },
}
