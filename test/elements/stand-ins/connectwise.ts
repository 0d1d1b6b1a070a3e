import {
  basicOf,
  bearerOf,
  insufficient,
  isClient,
  jsonOf,
  limited,
  misdirected,
  noToken,
  nothingThere,
  plausible,
  type Refusal,
  rejected,
  right,
  type StandIn,
  tokenReply,
  wrong,
} from './stand-in.ts'

const incorrect =
  'Server was unable to process request. ---&gt; Exception has been thrown by the target of an invocation. ---&gt; Username or password is incorrect'
const xml = { 'content-type': 'text/xml; charset=utf-8' }
const envelope = (content: string) =>
  `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>${content}</soap:Body></soap:Envelope>`

function soap(host: string): Pick<StandIn, 'hosts' | 'answer'> {
  return {
    hosts: [host],
    answer({ at, headers, body }) {
      if (at !== 'POST /v2015_3/apis/2.0/SystemApi.asmx') {
        return { status: 400, body: 'Cannot route. Codebase/company is invalid' }
      }
      const isAsked = headers.soapaction === '"http://connectwise.com/GetIntegratorLoginInfo"'
      const credentials = [
        '<CompanyId>acme</CompanyId>',
        '<IntegratorLoginId>login1</IntegratorLoginId>',
        `<IntegratorPassword>${right}</IntegratorPassword>`,
      ].join('')
      if (!isAsked || !body.includes(`<credentials>${credentials}</credentials>`)) {
        const fault = `<soap:Fault><faultcode>soap:Server</faultcode><faultstring>${incorrect}</faultstring></soap:Fault>`
        return { status: 500, headers: xml, body: envelope(fault) }
      }
      const flags = '<CompanyApiAccessFlag>true</CompanyApiAccessFlag>'
      const result = `<GetIntegratorLoginInfoResult>${flags}</GetIntegratorLoginInfoResult>`
      const answer = `<GetIntegratorLoginInfoResponse xmlns="http://connectwise.com">${result}</GetIntegratorLoginInfoResponse>`
      return { headers: xml, body: envelope(answer) }
    },
  }
}

function accountsOf(prefix: string, host: string): StandIn['accounts'] {
  const bad: Refusal[] = [
    rejected({ [`${prefix}.password`]: wrong }, incorrect.replaceAll('&gt;', '>')),
    misdirected({ [`${prefix}.wsdl.path`]: '/v2014_1/apis/2.0/' }),
  ]
  const good = {
    [`${prefix}.company`]: 'acme',
    [`${prefix}.server.url`]: host,
    [`${prefix}.username`]: 'login1',
    [`${prefix}.password`]: right,
  }
  return { soap: { good, bad } }
}

export const connectwise: Record<string, StandIn> = {
  connectwisehd: {
    ...soap('helpdesk.connectwise.example'),
    accounts: accountsOf('helpdesk.connectwise', 'helpdesk.connectwise.example'),
  },
  connectwisecrm: {
    ...soap('crm.connectwise.example'),
    accounts: accountsOf('crm.connectwise', 'crm.connectwise.example'),
  },
  connectwisecrmrest: {
    hosts: ['api-eu.myconnectwise.net'],
    answer(asked) {
      const { at, headers } = asked
      if (at !== 'GET /v4_6_release/apis/3.0/system/info') {
        return { status: 400, body: 'Cannot route. Codebase/company is invalid' }
      }
      const refuse = (status: number, code: string, message: string) => ({
        status,
        body: { code, message, errors: null },
      })
      const known = basicOf(asked)
      if (!headers.clientid || !known?.startsWith('acme+public:')) {
        return refuse(401, 'Unauthorized', plausible('Invalid credentials'))
      }
      if (known.endsWith(limited)) {
        const message = 'You do not have security permission to perform this action.'
        return refuse(403, 'Security', message)
      }
      return known.endsWith(right)
        ? { body: { version: 'v2026.1', isCloud: true } }
        : refuse(401, 'Unauthorized', plausible('Invalid credentials'))
    },
    accounts: {
      basic: {
        good: {
          'base.url': 'api-eu.myconnectwise.net',
          company: 'acme',
          'public.key': 'public',
          'private.key': right,
          'connectwise.clientID': '00000000-0000-0000-0000-000000000001',
        },
        bad: [
          rejected({ 'private.key': wrong }, 'Invalid credentials'),
          insufficient(
            { 'private.key': limited },
            'You do not have security permission to perform this action.',
          ),
          misdirected({ 'base.url': 'api-eu.myconnectwise.net/v2014_1/apis/3.0' }),
        ],
      },
    },
  },
  connectwisermm: {
    hosts: ['*.itsupport247.net', '*.euplatform.connectwise.com'],
    answer(asked) {
      if (asked.at !== 'POST /v1/token' || bearerOf(asked)) return nothingThere
      const fields = jsonOf(asked)
      const isHere = asked.host === 'openapi.service.euplatform.connectwise.com'
      return isHere && isClient(fields) && fields.scope === 'platform.companies.read'
        ? tokenReply
        : noToken('invalid_client', plausible('Client authentication failed'))
    },
    accounts: {
      session: {
        good: {
          region: 'euplatform.connectwise.com',
          'client.id': 'client-1',
          'client.secret': right,
          scope: 'platform.companies.read',
        },
        bad: [
          rejected({ 'client.secret': wrong }, 'Client authentication failed'),
          rejected({ region: 'itsupport247.net' }, 'Client authentication failed'),
        ],
      },
    },
  },
}
