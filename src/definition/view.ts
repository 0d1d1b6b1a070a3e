import { type Authentication, keyOf } from '../authentication/authentication.ts'
import type { Element } from './element.ts'

type Seen = Pick<Element, 'baseUrl' | 'probes'>

/**
 * An element as one of its authentications sees it: with the address of that authentication, and
 * the probes that are taken for it. What was seen so already stays the same.
 */
export function viewOf<E extends Seen>(element: E, authentication: Authentication): E {
  const { baseUrl = element.baseUrl } = authentication
  const probes = element.probes?.filter((probe) => isTakenFor(probe, authentication))
  const isSame = baseUrl === element.baseUrl && probes?.length === element.probes?.length
  return isSame ? element : { ...element, baseUrl, probes }
}

/** Whether a probe says anything about an authentication. */
export function isTakenFor(
  { authentications }: NonNullable<Element['probes']>[number],
  authentication: Authentication,
): boolean {
  return authentications?.includes(keyOf(authentication)) ?? true
}
