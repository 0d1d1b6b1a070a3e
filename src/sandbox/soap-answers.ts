import { type Answer, answer } from './answer.ts'
import { accessFlags, namespace } from './services.ts'
import { escapeXml } from './xml.ts'

export interface SoapVersion {
  namespace: string
  contentType: string
}

export const soap11: SoapVersion = {
  namespace: 'http://schemas.xmlsoap.org/soap/envelope/',
  contentType: 'text/xml; charset=utf-8',
}
export const soap12: SoapVersion = {
  namespace: 'http://www.w3.org/2003/05/soap-envelope',
  contentType: 'application/soap+xml; charset=utf-8',
}

const reports = { Company: 'Company_RecID', Service: 'TicketNbr', Time: 'Time_RecID' }

const login = (flag: boolean) => accessFlags.map((name) => `<${name}>${flag}</${name}>`).join('')

const fieldList = (name: string) =>
  `<Fields><ReportField><Name>${name}</Name><Type>Numeric</Type><IsNullable>false</IsNullable></ReportField></Fields>`

const reportList = (fields: boolean) =>
  Object.entries(reports)
    .map(
      ([name, field]) => `<Report><Name>${name}</Name>${fields ? fieldList(field) : ''}</Report>`,
    )
    .join('')

const results = {
  allRights: result('GetIntegratorLoginInfo', login(true)),
  noRights: result('GetIntegratorLoginInfo', login(false)),
  reportNames: result('GetReports', reportList(false)),
  reportFields: result('GetReports', reportList(true)),
}

export type Result = keyof typeof results

// The good path answers from here: nothing in it depends on the request.
const granted = new Map([soap11, soap12].map((version) => [version, rendered(version)]))

/** The answer to a call that succeeded. */
export const success = (version: SoapVersion, name: Result): Answer => granted.get(version)![name]

/** A SOAP fault, with the fault codes of SOAP 1.1, translated where the version calls them otherwise. */
export function fault(
  version: SoapVersion,
  code: 'Client' | 'Server' | 'VersionMismatch',
  reason: string,
): Answer {
  const text = escapeXml(reason)
  const code12 = { Client: 'Sender', Server: 'Receiver', VersionMismatch: 'VersionMismatch' }[code]
  return envelope(
    version,
    500,
    version === soap11
      ? `<soap:Fault><faultcode>soap:${code}</faultcode><faultstring>${text}</faultstring><detail /></soap:Fault>`
      : `<soap:Fault><soap:Code><soap:Value>soap:${code12}</soap:Value></soap:Code><soap:Reason><soap:Text xml:lang="en">${text}</soap:Text></soap:Reason><soap:Detail /></soap:Fault>`,
  )
}

function envelope(version: SoapVersion, status: number, content: string) {
  return answer(
    status,
    version.contentType,
    `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="${version.namespace}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soap:Body>${content}</soap:Body></soap:Envelope>`,
  )
}

function result(operation: string, content: string) {
  return `<${operation}Response xmlns="${namespace}"><${operation}Result>${content}</${operation}Result></${operation}Response>`
}

function rendered(version: SoapVersion) {
  return {
    allRights: envelope(version, 200, results.allRights),
    noRights: envelope(version, 200, results.noRights),
    reportNames: envelope(version, 200, results.reportNames),
    reportFields: envelope(version, 200, results.reportFields),
  }
}
