import { isUtf8 } from 'node:buffer'
import type { VendorRequest } from '../exchange/request.ts'
import { Unsignable } from './unsignable.ts'

/**
 * A request's body as the text that it has to be for credentials to go into it, or into a text with it.
 * @throws {Unsignable} where it is not in UTF-8
 */
export function textIn({ body = '' }: Pick<VendorRequest, 'body'>): string {
  if (typeof body === 'string') return body
  if (!isUtf8(body))
    throw new Unsignable('the request body is no text in UTF-8, as it must be here')
  return body.toString('utf8')
}
