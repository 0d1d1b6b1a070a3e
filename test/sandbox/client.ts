import { request } from 'undici'
import { type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts'

export const longPassword = 'p&ss <w>ord "é漢" '.repeat(8).trim()

export const start = (options: Partial<SandboxOptions> = {}) =>
  startSandbox({
    logins: [
      { id: 'api2', password: longPassword },
      { id: 'api3', password: 'api3' },
    ],
    ...options,
  })

const escaped = (value: string) => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

export interface Credentials {
  company?: string
  login?: string
  password?: string
}

export const envelope = (
  operation: string,
  { company = 'company_f', login = 'api1', password = 'api1' }: Credentials = {},
  { rest = '', soap = 'http://schemas.xmlsoap.org/soap/envelope/' } = {},
) => `<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="${soap}">
  <soap:Body>
    <${operation} xmlns="http://connectwise.com">
      <credentials>
        <CompanyId>${escaped(company)}</CompanyId><IntegratorLoginId>${escaped(login)}</IntegratorLoginId><IntegratorPassword>${escaped(password)}</IntegratorPassword>
      </credentials>${rest}
    </${operation}>
  </soap:Body>
</soap:Envelope>`

export async function post(url: string, body: string, headers: Record<string, string> = {}) {
  const answer = await request(url, {
    method: 'POST',
    headers: { 'Content-Type': 'text/xml; charset=utf-8', ...headers },
    body,
  })
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() }
}

export const soapAction = (operation: string) => ({
  SOAPAction: `"http://connectwise.com/${operation}"`,
})

export const systemApi = '/v2015_3/apis/2.0/SystemApi.asmx'
export const reportingApi = '/v2015_3/apis/2.0/ReportingApi.asmx'

export const probe = (origin: string, credentials?: Credentials) =>
  post(
    origin + systemApi,
    envelope('GetIntegratorLoginInfo', credentials),
    soapAction('GetIntegratorLoginInfo'),
  )

export async function get(url: string, headers: Record<string, string> = {}) {
  const answer = await request(url, { headers })
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() }
}
