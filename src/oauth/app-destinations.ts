import type { Authentication } from '../authentication/authentication.ts'
import type { Element } from '../definition/element.ts'
import { viewOf } from '../definition/view.ts'
import { baseUrlOf } from '../exchange/address.ts'
import type { Values } from '../exchange/request.ts'
import { RenderError } from '../exchange/template.ts'

/** Where the client of an authentication shows that it has its secret, as a definition writes it. */
export function endpointsOf(element: Element, authentication: Authentication): string[] {
  if (authentication.type === 'oauth2') {
    const { tokenUrl, refreshUrl = tokenUrl } = authentication
    return [...new Set([tokenUrl, refreshUrl])]
  }
  if (authentication.type !== 'oauth1') return []
  const { requestTokenUrl, accessTokenUrl } = authentication
  const asked = [requestTokenUrl, accessTokenUrl].filter((url) => url !== undefined)
  // With a token that is brought along, only the requests themselves are signed.
  return asked.length > 0 ? [...new Set(asked)] : [viewOf(element, authentication).baseUrl]
}

/** The origins of these endpoints; undefined while the values do not say all of them. */
export function destinationsOf(
  element: Element,
  authentication: Authentication,
  values: Values,
): string[] | undefined {
  const { entries } = element
  try {
    const origins = endpointsOf(element, authentication).map(
      (baseUrl) => baseUrlOf({ baseUrl, entries }, values).origin,
    )
    return [...new Set(origins)]
  } catch (error) {
    if (error instanceof RenderError) return undefined
    throw error
  }
}
