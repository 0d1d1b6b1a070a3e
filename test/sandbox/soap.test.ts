import { createClientAsync } from 'soap'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { child, parseXml } from '../../src/sandbox/xml.ts'
import {
  envelope,
  get,
  longPassword,
  post,
  probe,
  reportingApi,
  soapAction,
  start,
  systemApi,
} from './client.ts'

const soap11 = 'http://schemas.xmlsoap.org/soap/envelope/'
const soap12 = 'http://www.w3.org/2003/05/soap-envelope'
const failed =
  'Server was unable to process request. ---> Exception has been thrown by the target of an invocation. ---> '

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await start()
})
afterAll(() => sandbox.stop())

function faultOf(text: string) {
  const fault = child(child(parseXml(text), soap11, 'Body'), soap11, 'Fault')
  return {
    code: child(fault, '', 'faultcode')?.text,
    reason: child(fault, '', 'faultstring')?.text,
  }
}

describe('refusals', () => {
  test.each([
    { login: 'api1', password: 'wrong' },
    { login: 'nobody', password: 'api1' },
    { login: '', password: '' },
    { login: 'api2', password: `${longPassword} ` },
  ])('the login $login with a wrong password is a fault with status 500', async (credentials) => {
    const answer = await probe(sandbox.url, credentials)
    expect(answer.status).toBe(500)
    expect(answer.headers['content-type']).toBe('text/xml; charset=utf-8')
    expect(faultOf(answer.text)).toEqual({
      code: 'soap:Server',
      reason: `${failed}Username or password is incorrect`,
    })
  })

  test('an unknown company is told apart from a wrong password', async () => {
    const answer = await probe(sandbox.url, { company: 'a<b&c' })
    expect(answer.status).toBe(500)
    expect(faultOf(answer.text).reason).toMatch(/cannot find company 'a<b&c'.*connectwise config/i)
  })

  test('credentials that are not the first child of the operation count for nothing', async () => {
    const body = envelope('GetReports').replace(
      '<credentials>',
      '<includeFields>false</includeFields><credentials>',
    )
    const answer = await post(sandbox.url + reportingApi, body, soapAction('GetReports'))
    expect(faultOf(answer.text).reason).toMatch(/cannot find company/i)
  })

  test('elements outside of the namespace count for nothing', async () => {
    const body = envelope('GetIntegratorLoginInfo').replace(
      '<credentials>',
      '<credentials xmlns="">',
    )
    const answer = await post(sandbox.url + systemApi, body, soapAction('GetIntegratorLoginInfo'))
    expect(faultOf(answer.text).reason).toMatch(/cannot find company/i)
  })

  test.each([
    ['"http://connectwise.com/Nope"', 'http://connectwise.com/Nope'],
    ['"http://connectwise.com/GetReports"', 'http://connectwise.com/GetReports'],
    ['GetIntegratorLoginInfo', 'GetIntegratorLoginInfo'],
    ['""', ''],
  ])('the SOAPAction %s is not recognized', async (action, shown) => {
    const answer = await post(sandbox.url + systemApi, envelope('GetIntegratorLoginInfo'), {
      SOAPAction: action,
    })
    expect(answer.status).toBe(500)
    expect(faultOf(answer.text)).toEqual({
      code: 'soap:Client',
      reason: `Server did not recognize the value of HTTP Header SOAPAction: ${shown}.`,
    })
  })

  test('a call without SOAPAction, or about another operation than its action says, is a fault', async () => {
    const body = envelope('GetIntegratorLoginInfo')
    const silent = await post(sandbox.url + systemApi, body)
    expect(faultOf(silent.text).reason).toMatch(/without a valid action parameter/)

    const other = envelope('GetReports')
    const mixed = await post(sandbox.url + systemApi, other, soapAction('GetIntegratorLoginInfo'))
    expect(faultOf(mixed.text).reason).toMatch(/unable to read request/)
  })

  test.each([
    ['no XML', 'hello'],
    ['nothing', ''],
    ['XML that breaks off', envelope('GetIntegratorLoginInfo').slice(0, 300)],
    [
      'a document type declaration',
      envelope('GetIntegratorLoginInfo').replace('?>', '?><!DOCTYPE a [<!ENTITY p "api1">]>'),
    ],
    ['an undeclared entity', envelope('GetIntegratorLoginInfo').replace('api1<', '&p;<')],
  ])('%s cannot be read', async (_, body) => {
    const answer = await post(sandbox.url + systemApi, body, soapAction('GetIntegratorLoginInfo'))
    expect(answer.status).toBe(500)
    expect(faultOf(answer.text).reason).toMatch(/^Server was unable to read request\. ---> /)
  })

  test('an envelope of another SOAP version than the content type says is a mismatch', async () => {
    const body = envelope('GetIntegratorLoginInfo', {}, { soap: soap12 })
    const answer = await post(sandbox.url + systemApi, body, soapAction('GetIntegratorLoginInfo'))
    expect(faultOf(answer.text).code).toBe('soap:VersionMismatch')
  })

  test('a body that is not declared as XML is refused without a fault', async () => {
    const answer = await post(sandbox.url + systemApi, '{}', { 'Content-Type': 'application/json' })
    expect(answer).toMatchObject({
      status: 500,
      text: 'Request format is invalid: application/json.',
    })
  })

  test('a flag that is no boolean cannot be read', async () => {
    const body = envelope('GetReports', {}, { rest: '<includeFields>maybe</includeFields>' })
    const answer = await post(sandbox.url + reportingApi, body, soapAction('GetReports'))
    expect(faultOf(answer.text).reason).toMatch(/'maybe' is not a valid Boolean value/)
  })

  test('a login without rights may not read reports', async () => {
    const body = envelope('GetReports', { login: 'api3', password: 'api3' })
    const answer = await post(sandbox.url + reportingApi, body, soapAction('GetReports'))
    expect(faultOf(answer.text).reason).toMatch(/do not have security permission/)
  })

  test.each([
    '/v2015_3/apis/2.0/Nope.asmx',
    '/v2015_3/apis/2.0//SystemApi.asmx',
    '//v2015_3/apis/2.0/SystemApi.asmx',
    '/v2015_3/apis/1.5/SystemApi.asmx',
    '/SystemApi.asmx',
    '/',
  ])('the wrong path %s is an HTML page with status 404', async (path) => {
    const answer = await post(`${sandbox.url}${path}`, envelope('GetIntegratorLoginInfo'))
    expect(answer.status).toBe(404)
    expect(answer.headers['content-type']).toMatch(/^text\/html/)
  })

  test('a codebase that is not installed cannot be routed', async () => {
    const path = '/v2019_1/apis/2.0/SystemApi.asmx'
    const answer = await post(sandbox.url + path, envelope('GetIntegratorLoginInfo'))
    expect(answer).toMatchObject({
      status: 400,
      text: 'Cannot route. Codebase/company is invalid',
    })
  })
})

describe('the probe', () => {
  test.each([
    '/v2015_3/apis/2.0/SystemApi.asmx',
    '/v4_6_release/apis/2.0/SystemApi.asmx',
    '/v4_6_release/APIs/2.0/systemapi.asmx',
  ])('answers every right of a good login at %s', async (path) => {
    const answer = await post(
      sandbox.url + path,
      envelope('GetIntegratorLoginInfo'),
      soapAction('GetIntegratorLoginInfo'),
    )
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('text/xml; charset=utf-8')
    expect(flagsOf(answer.text)).toEqual({
      ActivityApiAccessFlag: 'true',
      CompanyApiAccessFlag: 'true',
      ContactApiAccessFlag: 'true',
      OpportunityApiAccessFlag: 'true',
      ServiceApiAccessFlag: 'true',
      TimeApiAccessFlag: 'true',
    })
  })

  test('knows a password with markup, quotes and other scripts in it', async () => {
    const answer = await probe(sandbox.url, { login: 'api2', password: longPassword })
    expect(answer.status).toBe(200)
  })

  test('reads character references and CDATA as what they stand for', async () => {
    const body = envelope('GetIntegratorLoginInfo')
      .replace('>api1</IntegratorLoginId', '>&#97;pi1</IntegratorLoginId')
      .replace('>api1</IntegratorPassword', '><![CDATA[api1]]></IntegratorPassword')
    const answer = await post(sandbox.url + systemApi, body, soapAction('GetIntegratorLoginInfo'))
    expect(answer.status).toBe(200)
  })

  test('answers a login without rights, and that it has none', async () => {
    const answer = await probe(sandbox.url, { login: 'api3', password: 'api3' })
    expect(answer.status).toBe(200)
    expect(new Set(Object.values(flagsOf(answer.text)))).toEqual(new Set(['false']))
  })

  test('is answered in SOAP 1.2, with the action or without, faults too', async () => {
    const call = (credentials: object, type: string) =>
      post(
        sandbox.url + systemApi,
        envelope('GetIntegratorLoginInfo', credentials, { soap: soap12 }),
        { 'Content-Type': type },
      )
    const action = 'http://connectwise.com/GetIntegratorLoginInfo'
    for (const type of ['application/soap+xml', `application/soap+xml; action="${action}"`]) {
      const good = await call({}, type)
      expect(good.status).toBe(200)
      expect(good.headers['content-type']).toBe('application/soap+xml; charset=utf-8')
    }
    const bad = await call({ password: 'x' }, 'application/soap+xml')
    expect(bad.status).toBe(500)
    expect(bad.text).toContain('<soap:Value>soap:Receiver</soap:Value>')
    expect(bad.text).toContain('Username or password is incorrect</soap:Text>')
  })
})

describe('a stock SOAP client', () => {
  const credentials = {
    CompanyId: 'company_f',
    IntegratorLoginId: 'api2',
    IntegratorPassword: longPassword,
  }

  test.each(['v2015_3', 'v4_6_release'])(
    'calls both operations from their descriptions under %s',
    async (codebase) => {
      const base = `${sandbox.url}/${codebase}/apis/2.0`
      const system = await createClientAsync(`${base}/SystemApi.asmx?wsdl`)
      const [info] = await system.GetIntegratorLoginInfoAsync({ credentials })
      expect(info.GetIntegratorLoginInfoResult.ServiceApiAccessFlag).toBe(true)

      const reporting = await createClientAsync(`${base}/ReportingApi.asmx?wsdl`)
      const [names] = await reporting.GetReportsAsync({ credentials, includeFields: false })
      expect(names.GetReportsResult.Report[0]).toEqual({ Name: 'Company' })
      const [fields] = await reporting.GetReportsAsync({ credentials, includeFields: true })
      expect(fields.GetReportsResult.Report[0].Fields.ReportField[0]).toEqual({
        Name: 'Company_RecID',
        Type: 'Numeric',
        IsNullable: false,
      })
    },
  )

  test('calls by SOAP 1.2 when made to', async () => {
    const client = await createClientAsync(`${sandbox.url}${systemApi}?WSDL`, {
      forceSoap12Headers: true,
    })
    const [info] = await client.GetIntegratorLoginInfoAsync({ credentials })
    expect(info.GetIntegratorLoginInfoResult.TimeApiAccessFlag).toBe(true)
  })

  test('gets the fault with wrong credentials', async () => {
    const client = await createClientAsync(`${sandbox.url}${systemApi}?wsdl`)
    const call = client.GetIntegratorLoginInfoAsync({
      credentials: { ...credentials, IntegratorPassword: 'wrong' },
    })
    await expect(call).rejects.toThrow(`${failed}Username or password is incorrect`)
  })
})

test('a service has a page of its own for browsers, and knows GET and POST only', async () => {
  const page = await get(sandbox.url + systemApi)
  expect(page).toMatchObject({
    status: 200,
    text: expect.stringContaining('SystemApi Web Service'),
  })
  const put = await fetch(sandbox.url + systemApi, { method: 'PUT' })
  expect(put.status).toBe(405)
})

function flagsOf(text: string) {
  const namespace = 'http://connectwise.com'
  const body = child(parseXml(text), soap11, 'Body')
  const response = child(body, namespace, 'GetIntegratorLoginInfoResponse')
  const result = child(response, namespace, 'GetIntegratorLoginInfoResult')
  return Object.fromEntries(result?.children.map(({ local, text }) => [local, text]) ?? [])
}
