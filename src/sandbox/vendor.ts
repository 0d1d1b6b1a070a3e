import type { IncomingHttpHeaders } from 'node:http'
import { type Accounts, codebases } from './accounts.ts'
import { type Answer, cannotRoute, htmlPage, notAllowed, notFound } from './answer.ts'
import { answerCompanyInfo, answerRest } from './rest.ts'
import { findService } from './services.ts'
import { answerSoap } from './soap.ts'
import { answerWsdl } from './wsdl.ts'

export interface VendorRequest {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: string
}

/** What the vendor answers when it is well. Sends nothing; `origin` is what descriptions point at. */
export function answerVendor(request: VendorRequest, origin: string, accounts: Accounts): Answer {
  const [path = '', query = ''] = request.url.split('?', 2)
  const service = findService(path)
  if (service !== undefined) {
    if (request.method === 'POST') return answerSoap(service, request, accounts)
    if (request.method !== 'GET') return notAllowed
    return query.toLowerCase() === 'wsdl'
      ? answerWsdl(service, origin + path)
      : htmlPage(200, `${service} Web Service`)
  }

  const [, first = '', second = '', third = '', ...rest] = path.split('/')
  if (first === 'login' && second === 'companyinfo') return answerCompanyInfo(third)
  if (second !== 'apis') return notFound
  if (!codebases.includes(first)) return cannotRoute
  return third === '3.0' ? answerRest(rest.join('/'), request, accounts) : notFound
}
