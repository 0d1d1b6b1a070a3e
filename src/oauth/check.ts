import { type ConsentFlow, clientOf, isCodeFlow, tokenUrlOf } from '../authentication/consent.ts'
import type { Scalar } from '../definition/configuration.ts'
import type { Element } from '../definition/element.ts'
import { baseUrlOf } from '../exchange/address.ts'
import type { Values } from '../exchange/request.ts'
import { escapes, RenderError, render } from '../exchange/template.ts'
import { Refusal } from '../http/errors.ts'
import { originsOf } from '../probe/request.ts'
import { isMeantFor } from '../vault/destination.ts'
import type { KeptConsent } from './pending.ts'
import { stateInvalid } from './refused.ts'
import type { UsablePending } from './usable-store.ts'

interface Checked {
  element: Element
  authentication: ConsentFlow
  pending: Pick<UsablePending, 'origins'>
  kept: KeptConsent
  /** What only the consent gives. */
  given: Record<string, Scalar>
  iss: string | undefined
}

/**
 * Whether a consent fits all that is known of the connection.
 * @throws {Refusal} for another issuer or client, and for what would go where it was not given for
 */
export function checkConsent(checked: Checked, values: Values) {
  const { element, authentication, kept, iss } = checked
  if (iss !== undefined && !isIssuer(checked, iss, values)) throw stateInvalid(element)
  if (render(clientOf(authentication).id!, values, escapes.text) !== kept.clientId) {
    throw new Refusal(
      'oauth-client-different',
      `The consent was asked for with another client, and its code is worth nothing to this one. Send that client, or begin again with GET /elements/${element.key}/oauth/url.`,
    )
  }
  refuseStraying(checked, values)
}

/** RFC 9207, section 2.4. */
function isIssuer({ element, authentication }: Checked, iss: string, values: Values): boolean {
  const { authorizeUrl } = authentication
  const issuer = isCodeFlow(authentication) ? authentication.issuer : undefined
  if (issuer !== undefined) return render(issuer, values, escapes.text) === iss
  const origin = URL.parse(iss)?.origin
  return [authorizeUrl.split('?', 1)[0]!, tokenUrlOf(authentication)].some(
    (address) => originOf(element, address, values) === origin,
  )
}

function refuseStraying({ element, authentication, pending, given }: Checked, values: Values) {
  const { origins } = pending
  const secrets = element.entries.filter(({ key, secret }) => secret && Object.hasOwn(given, key))
  const token = originOf(element, tokenUrlOf(authentication), values)
  // Where the vendor leads to is for its definition to say.
  const own = new Map([...values].filter(([key]) => !isDiscovered(element, key)))
  const reached = secrets.length > 0 ? originsOf(element, authentication, own) : []
  const strange = [token ?? [], reached].flat().filter((origin) => !isMeantFor(origins, origin))
  if (strange.length === 0) return
  throw new Refusal('secrets-required', {
    message: `The consent was not asked for ${[...new Set(strange)].join(' and ')}, where this configuration leads to. Begin again with GET /elements/${element.key}/oauth/url and the same configuration.`,
    missing: secrets.length > 0 ? secrets.map(({ key, name }) => ({ key, name })) : undefined,
  })
}

function isDiscovered({ entries }: Element, key: string): boolean {
  return entries.some((entry) => entry.key === key && entry.discovered)
}

function originOf({ entries }: Element, baseUrl: string, values: Values): string | undefined {
  try {
    return baseUrlOf({ baseUrl, entries }, values).origin
  } catch (error) {
    if (error instanceof RenderError) return undefined
    throw error
  }
}
