import type { IncomingHttpHeaders } from 'node:http'
import { MIMEType } from 'node:util'
import { type Accounts, company } from './accounts.ts'
import { type Answer, answer } from './answer.ts'
import { findOperation, namespace, type Operation, type Service } from './services.ts'
import { fault, type SoapVersion, soap11, soap12, success } from './soap-answers.ts'
import { child, parseXml, type XmlElement } from './xml.ts'

const unreadable = 'Server was unable to read request. ---> There is an error in XML document.'
const failed =
  'Server was unable to process request. ---> Exception has been thrown by the target of an invocation.'

/**
 * Answers a call as an ASP.NET service does: the version follows from the content type, the operation
 * from the action, and whatever is wrong is a fault with status 500.
 */
export function answerSoap(
  service: Service,
  request: { headers: IncomingHttpHeaders; body: string },
  accounts: Accounts,
): Answer {
  const contentType = request.headers['content-type'] ?? ''
  const version = soapVersion(contentType)
  if (version === undefined) {
    return answer(500, 'text/plain; charset=utf-8', `Request format is invalid: ${contentType}.`)
  }

  const action = version === soap11 ? headerAction(request.headers) : mediaAction(contentType)
  const named = findAction(service, action)
  if (version === soap11 && named === undefined) {
    return fault(
      version,
      'Client',
      action === undefined
        ? 'Unable to handle request without a valid action parameter. Please supply a valid soap action.'
        : `Server did not recognize the value of HTTP Header SOAPAction: ${action}.`,
    )
  }

  let envelope: XmlElement
  try {
    envelope = readEnvelope(request.body)
  } catch (error) {
    return fault(version, 'Client', `${unreadable} ---> ${(error as Error).message}`)
  }
  if (envelope.uri !== version.namespace) {
    return fault(
      version,
      'VersionMismatch',
      `Possible SOAP version mismatch: Envelope namespace ${envelope.uri} was unexpected. Expecting ${version.namespace}.`,
    )
  }

  const call = child(envelope, version.namespace, 'Body')?.children[0]
  // SOAP 1.2 makes the action optional: the request element then says which operation is meant.
  const operation = named ?? (call && findOperation(service, call.local))
  if (operation === undefined) {
    return fault(
      version,
      'Client',
      `Unable to handle request. The action '${action}' was not recognized.`,
    )
  }
  if (call?.local !== operation || call.uri !== namespace)
    return fault(version, 'Client', unreadable)
  return perform(version, operation, call, accounts)
}

// Reading XML is half of the work, and a client under measurement sends the same probe again and again.
const envelopes = new Map<string, XmlElement>()
const keptEnvelopes = 500
const keptLength = 4096

function readEnvelope(body: string) {
  const known = envelopes.get(body)
  if (known !== undefined) return known
  const envelope = parseXml(body)
  if (envelopes.size >= keptEnvelopes) envelopes.clear()
  if (body.length <= keptLength) envelopes.set(body, envelope)
  return envelope
}

function perform(version: SoapVersion, operation: Operation, call: XmlElement, accounts: Accounts) {
  const flag = child(call, namespace, 'includeFields')?.text.trim() ?? 'false'
  if (!['true', 'false', '1', '0'].includes(flag)) {
    return fault(
      version,
      'Client',
      `${unreadable} ---> The string '${flag}' is not a valid Boolean value.`,
    )
  }

  const [first] = call.children
  const credentials = first?.uri === namespace && first.local === 'credentials' ? first : undefined
  const given = (name: string) => child(credentials, namespace, name)?.text ?? ''
  if (given('CompanyId') !== company) {
    const reason = `Cannot find company '${given('CompanyId')}' in ConnectWise config.`
    return fault(version, 'Server', `${failed} ---> ${reason}`)
  }
  const standing = accounts.integrator(given('IntegratorLoginId'), given('IntegratorPassword'))
  if (standing === 'unknown') {
    return fault(version, 'Server', `${failed} ---> Username or password is incorrect`)
  }
  if (operation === 'GetIntegratorLoginInfo') {
    return success(version, standing === 'full' ? 'allRights' : 'noRights')
  }
  if (standing === 'restricted') {
    return fault(
      version,
      'Server',
      `${failed} ---> You do not have security permission to perform this action.`,
    )
  }
  return success(version, flag === 'true' || flag === '1' ? 'reportFields' : 'reportNames')
}

function soapVersion(contentType: string): SoapVersion | undefined {
  const [essence = ''] = contentType.split(';', 1)
  if (essence.trim().toLowerCase() === 'text/xml') return soap11
  if (essence.trim().toLowerCase() === 'application/soap+xml') return soap12
  return undefined
}

function headerAction(headers: IncomingHttpHeaders) {
  const action = headers.soapaction?.toString()
  const quoted = action?.startsWith('"') && action.endsWith('"') && action.length > 1
  return quoted ? action?.slice(1, -1) : action
}

function mediaAction(contentType: string) {
  try {
    return new MIMEType(contentType).params.get('action') ?? undefined
  } catch {
    return undefined
  }
}

function findAction(service: Service, action = '') {
  const prefix = `${namespace}/`
  return action.startsWith(prefix) ? findOperation(service, action.slice(prefix.length)) : undefined
}
