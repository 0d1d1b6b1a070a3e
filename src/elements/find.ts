import { Refusal } from '../http/errors.ts'
import { showKey } from '../http/show-key.ts'
import type { Elements, KnownElement } from './elements.ts'

/** @throws {Refusal} `element-not-found`, with the nearest keys */
export async function getElement(
  elements: Elements,
  organizationId: number | undefined,
  keyOrId: string,
): Promise<KnownElement> {
  const found = await elements.find(organizationId, keyOrId)
  if (found) return found
  const nearest = await elements.nearest(organizationId, keyOrId)
  const choices = nearest.length > 0 ? nearest : await keysOf(elements, organizationId)
  throw new Refusal('element-not-found', {
    message:
      nearest.length > 0
        ? `There is no element "${showKey(keyOrId)}". Did you mean ${nearest.join(' or ')}?`
        : 'There is no element of that key or id. See GET /elements/keys.',
    choices,
  })
}

/**
 * The element, where it can be connected.
 * @throws {Refusal} `element-inactive`
 */
export function requireActive(found: KnownElement): KnownElement {
  if (found.active) return found
  throw new Refusal(
    'element-inactive',
    `"${found.key}" is not active. An admin of the organization activates it with PUT /elements/${found.key}/active.`,
  )
}

/** All keys that an organization may name. */
export async function keysOf(
  elements: Elements,
  organizationId: number | undefined,
): Promise<string[]> {
  return (await elements.list(organizationId)).map(({ key }) => key)
}
