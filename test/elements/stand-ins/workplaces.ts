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

/** Trello's keys and tokens are letters and digits only. */
const trelloToken = right.replace(/\W/g, '')

/** Where people work together. */
export const workplaces: Record<string, StandIn> = {
  jira: {
    hosts: ['*.atlassian.net'],
    answer(asked) {
      if (asked.host !== 'acme.atlassian.net') return noSuchTenant
      if (asked.at !== 'GET /rest/api/3/myself') return nothingThere
      const message = 'Client must be authenticated to access this resource.'
      return basicOf(asked) === `you@acme.example:${right}`
        ? { body: { accountId: '1', emailAddress: 'you@acme.example' } }
        : { status: 401, body: { message, 'status-code': 401 } }
    },
    accounts: {
      basic: {
        good: { site: 'acme', email: 'you@acme.example', 'api.token': right },
        alike: [{ site: 'https://acme.atlassian.net/jira/projects' }],
        bad: [
          rejected({ 'api.token': wrong }, 'Client must be authenticated to access this resource.'),
          misdirected({ site: 'nobody' }),
        ],
      },
    },
  },
  asana: {
    hosts: ['app.asana.com'],
    answer(asked) {
      if (asked.at !== 'GET /api/1.0/users/me') return nothingThere
      return bearerOf(asked) === right
        ? { body: { data: { gid: '1', name: 'Acme' } } }
        : { status: 401, body: { errors: [{ message: 'Not Authorized' }] } }
    },
    accounts: {
      bearer: {
        good: { 'access.token': right },
        bad: [rejected({ 'access.token': wrong }, 'Not Authorized')],
      },
    },
  },
  trello: {
    hosts: ['api.trello.com'],
    answer({ at, headers }) {
      if (at !== 'GET /1/members/me') return nothingThere
      const given = /^OAuth oauth_consumer_key="(\w+)", oauth_token="(\w+)"$/.exec(
        headers.authorization ?? '',
      )
      if (given?.[1] !== 'key1') return { status: 401, body: 'invalid key' }
      return given[2] === trelloToken
        ? { body: { id: '1', username: 'acme' } }
        : { status: 401, body: 'invalid token' }
    },
    accounts: {
      headers: {
        good: { 'api.key': 'key1', token: trelloToken },
        bad: [
          // It speaks plain text, of which nothing says where the words stand.
          rejected({ token: wrong.replace(/\W/g, '') }, undefined),
          rejected({ 'api.key': 'key2' }, undefined),
        ],
      },
    },
  },
  monday: {
    hosts: ['api.monday.com'],
    answer(asked) {
      if (asked.at !== 'POST /v2') return nothingThere
      const query = String(jsonOf(asked).query).replace(/\s/g, '')
      if (query !== 'query{me{id}}') return { body: { errors: [{ message: 'Parse error' }] } }
      const { authorization } = asked.headers
      if (authorization === right) return { body: { data: { me: { id: '1' } } } }
      const message = 'User unauthorized to perform action'
      return authorization === limited
        ? { body: { errors: [{ message, extensions: { code: 'USER_UNAUTHORIZED' } }] } }
        : { status: 401, body: { errors: ['Not Authenticated'] } }
    },
    accounts: {
      apiKey: {
        good: { 'api.token': right },
        bad: [
          rejected({ 'api.token': wrong }, 'Not Authenticated'),
          insufficient({ 'api.token': limited }, 'User unauthorized to perform action'),
        ],
      },
    },
  },
  notion: {
    hosts: ['api.notion.com'],
    answer(asked) {
      const refuse = (status: number, code: string, message: string) => ({
        status,
        body: { object: 'error', status, code, message },
      })
      if (asked.at !== 'GET /v1/users/me') return nothingThere
      if (!asked.headers['notion-version']) {
        return refuse(400, 'missing_version', plausible('Notion-Version header is missing.'))
      }
      return bearerOf(asked) === right
        ? { body: { object: 'user', id: '1', type: 'bot' } }
        : refuse(401, 'unauthorized', 'API token is invalid.')
    },
    accounts: {
      bearer: {
        good: { secret: right },
        bad: [rejected({ secret: wrong }, 'API token is invalid.')],
      },
    },
  },
  airtable: {
    hosts: ['api.airtable.com'],
    answer(asked) {
      if (asked.at !== 'GET /v0/meta/whoami') return nothingThere
      const message = plausible('Invalid authentication token')
      return bearerOf(asked) === right
        ? { body: { id: 'usr1', scopes: [] } }
        : { status: 401, body: { error: { type: 'UNAUTHORIZED', message } } }
    },
    accounts: {
      bearer: {
        good: { 'access.token': right },
        bad: [rejected({ 'access.token': wrong }, 'Invalid authentication token')],
      },
    },
  },
  box: {
    hosts: ['api.box.com'],
    answer(asked) {
      if (asked.at === 'POST /oauth2/token') {
        const form = formOf(asked)
        if (!isClient(form)) {
          return noToken('invalid_client', 'The client credentials are invalid', 400)
        }
        const { box_subject_type, box_subject_id } = form
        return box_subject_type === 'enterprise' && box_subject_id === '1001'
          ? tokenReply
          : noToken('invalid_grant', 'Grant credentials are invalid', 400)
      }
      if (asked.at !== 'GET /2.0/users/me') return nothingThere
      return bearerOf(asked) === sessionToken
        ? { body: { type: 'user', id: '1' } }
        : { status: 401 }
    },
    accounts: {
      session: {
        good: { 'client.id': 'client-1', 'client.secret': right, 'enterprise.id': '1001' },
        bad: [
          rejected({ 'client.secret': wrong }, 'The client credentials are invalid'),
          rejected({ 'enterprise.id': '1002' }, 'Grant credentials are invalid'),
        ],
      },
    },
  },
}
