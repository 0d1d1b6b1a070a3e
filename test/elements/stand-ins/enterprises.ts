import { knownCertificate, knownName, strangeCertificate } from './certificates.ts'
import {
  type Asked,
  basicOf,
  bearerOf,
  formOf,
  insufficient,
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

const xml = { 'content-type': 'text/xml; charset=utf-8' }
const html = { 'content-type': 'text/html; charset=utf-8' }

const envelope = (content: string) =>
  `<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>${content}</soap:Body></soap:Envelope>`
const fault = (words: string) => ({
  status: 500,
  headers: xml,
  body: envelope(
    `<soap:Fault><faultcode>soap:Client</faultcode><faultstring>${words}</faultstring></soap:Fault>`,
  ),
})
/** The text of the only element of that name. */
const textOf = (document: string, name: string) =>
  new RegExp(`<(?:\\w+:)?${name}(?: [^>]*)?>([^<]*)</`).exec(document)?.[1]

/** What runs a company: planning, people, warehouse, service. */
export const enterprises: Record<string, StandIn> = {
  akeneo: {
    hosts: ['pim.acme.example', 'elsewhere.pim.example'],
    answer(asked) {
      if (asked.host !== 'pim.acme.example') return { headers: html, body: '<html></html>' }
      if (asked.at === 'POST /api/oauth/v1/token') return akeneoToken(asked)
      if (asked.at !== 'GET /api/rest/v1/channels') return nothingThere
      return bearerOf(asked) === sessionToken
        ? { body: { _links: {}, current_page: 1, _embedded: { items: [] } } }
        : { status: 401, body: { code: 401, message: 'Authentication is required' } }
    },
    accounts: {
      session: {
        good: {
          'pim.url': 'pim.acme.example',
          'client.id': 'client-1',
          'client.secret': right,
          username: 'connection_1',
          password: right,
        },
        bad: [
          rejected({ password: wrong }, 'No user found for the given username and password'),
          rejected(
            { 'client.secret': wrong },
            'Parameter "client_id" is missing or does not match any client, or secret is invalid',
          ),
          misdirected({ 'pim.url': 'elsewhere.pim.example' }),
        ],
      },
    },
  },
  sapbusinessone: {
    hosts: ['sap.acme.example', 'elsewhere.sap.example'],
    answer(asked) {
      if (asked.host !== 'sap.acme.example') return { headers: html, body: '<html></html>' }
      const login = /^POST \/b1s\/(v1|v2)\/Login$/.exec(asked.at)
      if (!login) return nothingThere
      const { CompanyDB, UserName, Password } = jsonOf(asked)
      if (CompanyDB === 'ACME' && UserName === 'manager' && Password === right) {
        const cookies = ['B1SESSION=1; HttpOnly', 'ROUTEID=.node1; path=/b1s']
        const body = { SessionId: '1', Version: '1000190', SessionTimeout: 30 }
        return { headers: { 'set-cookie': cookies }, body }
      }
      const words = 'Fail to get DB Credentials from SLD'
      // Only its version 1 says in which language it speaks.
      const message = login[1] === 'v1' ? { lang: 'en-us', value: words } : words
      return { status: 401, body: { error: { code: '-304', message } } }
    },
    accounts: {
      session: {
        good: {
          'service.layer.url': 'https://sap.acme.example:50000',
          'company.database': 'ACME',
          username: 'manager',
          password: right,
        },
        alike: [{ 'service.layer.url': 'sap.acme.example:50000/b1s/v1/' }],
        bad: [
          rejected({ password: wrong }, 'Fail to get DB Credentials from SLD'),
          rejected(
            {
              password: wrong,
              'service.layer.url': 'https://sap.acme.example:50000/b1s/v1',
            },
            'Fail to get DB Credentials from SLD',
          ),
          misdirected({ 'service.layer.url': 'elsewhere.sap.example' }),
        ],
      },
    },
  },
  saps4hana: {
    hosts: ['*.s4hana.ondemand.com'],
    answer(asked) {
      if (asked.host !== 'my300000-api.s4hana.ondemand.com') return noSuchTenant
      if (asked.at !== 'GET /sap/opu/odata/sap/API_BUSINESS_PARTNER/$metadata') {
        const message = plausible('No service found')
        return { status: 403, body: { error: { message: { lang: 'en', value: message } } } }
      }
      return basicOf(asked) === `COMM_USER:${right}` || asked.certificate === knownName
        ? { headers: { 'content-type': 'application/xml' }, body: '<edmx:Edmx Version="1.0"/>' }
        : { status: 401, headers: html, body: '<html>Logon failed</html>' }
    },
    accounts: {
      basic: {
        good: {
          tenant: 'my300000',
          'service.path': '/sap/opu/odata/sap/API_BUSINESS_PARTNER',
          username: 'COMM_USER',
          password: right,
        },
        alike: [
          { tenant: 'https://my300000.s4hana.ondemand.com/ui' },
          { tenant: 'my300000-api.s4hana.ondemand.com' },
          { 'service.path': 'sap/opu/odata/sap/API_BUSINESS_PARTNER/' },
        ],
        bad: [
          rejected({ password: wrong }, undefined),
          insufficient({ 'service.path': '/sap/opu/odata/sap/API_NONE' }, 'No service found'),
          misdirected({ tenant: 'my1' }),
        ],
      },
      certificate: {
        good: {
          tenant: 'my300000',
          'service.path': '/sap/opu/odata/sap/API_BUSINESS_PARTNER',
          'client.certificate': knownCertificate,
        },
        bad: [rejected({ 'client.certificate': strangeCertificate }, undefined)],
      },
    },
  },
  workday: {
    hosts: ['wd2.workday.example'],
    answer({ at, body }) {
      if (at !== 'POST /ccx/service/acme/Human_Resources/v40.0') return noSuchTenant
      const [username, password] = [textOf(body, 'Username'), textOf(body, 'Password')]
      if (!body.includes('Server_Timestamp_Get') || !body.includes('#PasswordText')) {
        return fault(plausible('Validation error occurred.'))
      }
      if (username === 'ISU_1@acme' && password === limited) {
        return fault('The task submitted is not authorized.')
      }
      if (username !== 'ISU_1@acme' || password !== right) {
        return fault('invalid username or password')
      }
      const now = '<wd:Server_Timestamp_Data>2026-01-01T00:00:00Z</wd:Server_Timestamp_Data>'
      const answer = `<wd:Server_Timestamp xmlns:wd="urn:com.workday/bsvc">${now}</wd:Server_Timestamp>`
      return { headers: xml, body: envelope(answer) }
    },
    accounts: {
      usernameToken: {
        good: { host: 'wd2.workday.example', tenant: 'acme', username: 'ISU_1', password: right },
        alike: [{ host: 'https://wd2.workday.example/ccx' }],
        bad: [
          rejected({ password: wrong }, 'invalid username or password'),
          insufficient({ password: limited }, 'The task submitted is not authorized.'),
          misdirected({ tenant: 'nobody' }),
        ],
      },
    },
  },
  peoplevox: {
    hosts: ['*.peoplevox.net'],
    answer({ at, host, headers, body }) {
      const place = 'POST /acme/resources/integrationservicev4.asmx'
      if (host !== 'ap.peoplevox.net' || at !== place) return noSuchTenant
      if (headers.soapaction !== '"http://www.peoplevox.net/Authenticate"') {
        return fault('Server did not recognize the value of HTTP Header SOAPAction')
      }
      const password = Buffer.from(textOf(body, 'password') ?? '', 'base64').toString()
      const isKnown =
        textOf(body, 'clientId') === 'acme' && textOf(body, 'username') === 'warehouse'
      const [id, detail] =
        isKnown && password === right
          ? ['0', 'acme,session-1']
          : ['-1', plausible('Username or password not recognised')]
      const result = `<ResponseId>${id}</ResponseId><TotalCount>1</TotalCount><Detail>${detail}</Detail>`
      const answer = `<AuthenticateResponse xmlns="http://www.peoplevox.net/"><AuthenticateResult>${result}</AuthenticateResult></AuthenticateResponse>`
      return { headers: xml, body: envelope(answer) }
    },
    accounts: {
      session: {
        good: { region: 'ap', 'client.id': 'acme', username: 'warehouse', password: right },
        alike: [{ region: 'https://ap.peoplevox.net/acme' }],
        bad: [
          // Its words stand where the id of a session would.
          rejected({ password: wrong }, plausible('Username or password not recognised')),
          misdirected({ 'client.id': 'nobody' }),
        ],
      },
    },
  },
  shipstation: {
    hosts: ['ssapi.shipstation.com'],
    answer(asked) {
      if (asked.at !== 'GET /stores') return nothingThere
      if (basicOf(asked) === `key-1:${right}`) return { body: [] }
      return { status: 401, body: { Message: plausible('Unauthorized') } }
    },
    accounts: {
      basic: {
        good: { 'api.key': 'key-1', 'api.secret': right },
        bad: [rejected({ 'api.secret': wrong }, 'Unauthorized')],
      },
    },
  },
  adp: {
    hosts: ['accounts.adp.com', 'api.adp.com'],
    answer(asked) {
      if (asked.at !== 'POST /auth/oauth/v2/token') return nothingThere
      if (asked.certificate !== knownName) {
        return noToken('invalid_client', plausible('The certificate is not that of the client'))
      }
      const isAsked = formOf(asked).grant_type === 'client_credentials'
      return isAsked && basicOf(asked) === `client-1:${right}`
        ? tokenReply
        : noToken('invalid_client', plausible('The given client credentials were not valid'))
    },
    accounts: {
      session: {
        good: {
          'client.id': 'client-1',
          'client.secret': right,
          'client.certificate': knownCertificate,
        },
        bad: [
          rejected({ 'client.secret': wrong }, 'The given client credentials were not valid'),
          rejected(
            { 'client.certificate': strangeCertificate },
            'The certificate is not that of the client',
          ),
        ],
      },
    },
  },
}

function akeneoToken(asked: Asked) {
  const refuse = (message: string) => ({ status: 422, body: { code: 422, message } })
  if (basicOf(asked) !== `client-1:${right}`) {
    return refuse(
      'Parameter "client_id" is missing or does not match any client, or secret is invalid',
    )
  }
  const { grant_type, username, password } = jsonOf(asked)
  if (grant_type !== 'password') return { status: 400, body: { code: 400, message: 'Bad request' } }
  return username === 'connection_1' && password === right
    ? tokenReply
    : refuse('No user found for the given username and password')
}
