import type { Principal } from '../access/store.ts'
import { type Authentication, keyOf } from '../authentication/authentication.ts'
import type { Context } from '../context.ts'
import type { KnownElement } from '../elements/elements.ts'
import { Refusal } from '../http/errors.ts'
import { getInstance } from '../instances/find.ts'
import { findElement } from '../instances/request.ts'
import type { Instance } from '../instances/schema.ts'
import type { ConnectSessionRequest } from './schema.ts'

/** An element that a customer may connect, in these ways. */
export interface Offer {
  known: KnownElement
  authentications: Authentication[]
}

/** What a session is asked for. */
export interface Offered {
  offers: Offer[]
  /** The one that is connected anew. */
  instance: Instance | undefined
}

type Needs = Pick<Context, 'db' | 'vault' | 'elements'>

/**
 * The elements and authentications that a request offers the customer.
 * @throws {Refusal} for what is not there, and where it is not clear what is meant
 */
export async function readOffers(
  context: Needs,
  principal: Principal,
  body: ConnectSessionRequest,
): Promise<Offered> {
  const { element, elements, instanceId } = body
  if (element && elements) throw unclear('element and elements are both named: keep one')
  const { organizationId } = principal
  const instance =
    instanceId === undefined
      ? undefined
      : (await getInstance(context, principal, instanceId)).instance
  const asked = elements ?? (element ? [element] : instance ? [{ id: instance.elementId }] : [])
  if (asked.length === 0) throw unclear('name an element, elements to choose from, or an instance')
  const found = new Map<number, KnownElement>()
  for (const one of asked) {
    const known = await findElement(context.elements, organizationId, undefined, { element: one })
    found.set(known.id, known)
  }
  if (instance && (found.size > 1 || !found.has(instance.elementId))) {
    throw unclear(
      `the instance ${instance.id} is one of "${instance.element.key}": leave others out`,
    )
  }
  const type = instance?.authentication.type ?? body.authentication?.type
  const offers = [...found.values()].map((known) => ({ known, authentications: ways(known, type) }))
  return { offers, instance }
}

/** @throws {Refusal} `authentication-unclear` where the element does not have that type */
function ways({ element }: KnownElement, type: string | undefined): Authentication[] {
  const { authentications, name } = element
  if (type === undefined) return authentications
  const chosen = authentications.filter((one) => keyOf(one) === type)
  if (chosen.length > 0) return chosen
  throw new Refusal('authentication-unclear', {
    message: `${name} does not offer this type of authentication. Name one that it has, or leave it to the customer.`,
    choices: authentications.map(keyOf),
  })
}

function unclear(reason: string): Refusal {
  return new Refusal('body-invalid', {
    message: `It is not clear what is to be connected: ${reason}.`,
    invalid: [{ key: 'element', reason }],
  })
}
