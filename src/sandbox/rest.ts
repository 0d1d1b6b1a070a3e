import type { IncomingHttpHeaders } from 'node:http'
import { type Accounts, codebases, company } from './accounts.ts'
import { type Answer, cannotRoute, json } from './answer.ts'

const [codebase = ''] = codebases

const companyInfo = json(200, {
  CompanyName: 'Company F',
  Codebase: `${codebase}/`,
  VersionCode: 'v2015.3',
  VersionNumber: 'v4.6.35412',
  CompanyID: company,
  IsCloud: 'True',
})
const noCompany = json(200, null)

const systemInfo = json(200, {
  version: 'v4.6.35412',
  isCloud: true,
  serverTimeZone: 'Eastern Standard Time',
  licenseBits: [{ name: 'ServiceDesk', activeFlag: true }],
  cloudRegion: 'NA',
})

const refusal = (status: number, code: string, message: string) =>
  json(status, { code, message, errors: null })

const unauthorized = refusal(401, 'Unauthorized', 'The user name or password is not valid.')
const noClientId = refusal(401, 'Unauthorized', 'The clientId header is missing or not valid.')
const noPermission = refusal(
  403,
  'Security',
  'You do not have security permission to perform this action.',
)
const unknownRoute = refusal(404, 'NotFound', 'The requested route could not be found.')
const wrongMethod = json(405, {
  Message: 'The requested resource does not support the http method that was used.',
})

/** `GET /login/companyinfo/{company}`: where a company lives. It asks for no credentials. */
export function answerCompanyInfo(name: string): Answer {
  return name === company ? companyInfo : noCompany
}

/** What stands under `apis/3.0`; `resource` is the rest of the path, without query. */
export function answerRest(
  resource: string,
  request: { method: string; headers: IncomingHttpHeaders },
  accounts: Accounts,
): Answer {
  const credentials = readBasic(request.headers.authorization)
  if (credentials === undefined) return challenge
  if (credentials.company !== company) return cannotRoute
  const standing = accounts.key(credentials.publicKey, credentials.privateKey)
  if (standing === 'unknown') return unauthorized
  if (!isGuid(request.headers.clientid)) return noClientId
  if (resource.toLowerCase() !== 'system/info') return unknownRoute
  if (request.method !== 'GET' && request.method !== 'HEAD') return wrongMethod
  return standing === 'restricted' ? noPermission : systemInfo
}

const challenge: Answer = {
  ...unauthorized,
  headers: { ...unauthorized.headers, 'WWW-Authenticate': 'Basic realm="ConnectWise"' },
}

function readBasic(header = '') {
  const [scheme = '', encoded = ''] = header.split(' ', 2)
  if (scheme.toLowerCase() !== 'basic') return undefined
  const plain = Buffer.from(encoded, 'base64').toString()
  const plus = plain.indexOf('+')
  const colon = plain.indexOf(':', plus)
  if (plus < 0 || colon < 0) return undefined
  return {
    company: plain.slice(0, plus),
    publicKey: plain.slice(plus + 1, colon),
    privateKey: plain.slice(colon + 1),
  }
}

const isGuid = (value: string | string[] | undefined) =>
  typeof value === 'string' && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(value)
