import { type Authentication, keyOf } from '../authentication/authentication.ts'
import type { Context } from '../context.ts'
import type { Element } from '../definition/element.ts'
import { getElement, keysOf } from '../elements/find.ts'
import { Refusal } from '../http/errors.ts'
import { type ClientEntries, clientOf } from './app-client.ts'
import type { OAuthAppRequest } from './app-schema.ts'

/** What an app profile is for. */
export interface AppSubject {
  element: Element
  authentication: Authentication
  client: ClientEntries
}

/**
 * The element and authentication that a request is about; where only one authentication takes an app
 * profile it need not be named.
 * @throws {Refusal} `element-missing`, `element-not-found`, `authentication-unclear`, and
 *   `oauth-app-unfit` where none can be kept for it
 */
export async function findSubject(
  { elements }: Pick<Context, 'elements'>,
  organizationId: number,
  { element: named, authentication: asked }: Pick<OAuthAppRequest, 'element' | 'authentication'>,
): Promise<AppSubject> {
  const keyOrId = named.key ?? named.id
  if (keyOrId === undefined) {
    const choices = await keysOf(elements, organizationId)
    throw new Refusal('element-missing', {
      message: `Name the element, as in "element": { "key": "${choices[0]}" }.`,
      choices,
    })
  }
  const { element } = await getElement(elements, organizationId, String(keyOrId))
  if (named.id !== undefined && named.id !== element.id) throw contradiction(element)
  return subjectOf(element, asked?.type)
}

/** The same for an element that is known; `type` is the authentication where it is named. */
export function subjectOf(element: Element, type: string | undefined): AppSubject {
  const fit = element.authentications.flatMap((authentication) => {
    const client = clientOf(element, authentication)
    return client ? [{ element, authentication, client }] : []
  })
  const choices = fit.map(({ authentication }) => keyOf(authentication))
  if (type !== undefined) {
    const chosen = fit.find(({ authentication }) => keyOf(authentication) === type)
    if (chosen) return chosen
    throw takesNone(element, type, choices)
  }
  const [only, ...others] = fit
  if (!only) throw takesNone(element, undefined, choices)
  if (others.length === 0) return only
  throw new Refusal('authentication-unclear', {
    message: `Several types of authentication of ${element.name} take an app profile. Name one: "authentication": { "type": "${choices[0]}" }.`,
    choices,
  })
}

function takesNone({ name }: Element, type: string | undefined, choices: string[]): Refusal {
  const what = type === undefined ? name : `"${type}" of ${name}`
  const next =
    choices.length > 0
      ? `Name one that does: ${choices.join(', ')}.`
      : 'Give the credentials with each instance instead.'
  return new Refusal('oauth-app-unfit', {
    message: `${what} has no OAuth client whose id and secret are an entry each and go nowhere else. ${next}`,
    choices,
  })
}

function contradiction({ key }: Element): Refusal {
  return new Refusal('body-invalid', {
    message: `The request names "${key}" and another element: name one.`,
    invalid: [{ key: 'element', reason: `does not agree with "${key}"` }],
  })
}
