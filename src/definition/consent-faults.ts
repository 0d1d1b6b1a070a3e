import type { Authentication } from '../authentication/authentication.ts'
import { placeholdersIn } from '../exchange/template.ts'
import type { Element, Entry } from './element.ts'
import type { Fault } from './faults.ts'

/** What a definition says of somebody's consent in a browser. */
export interface Consenting {
  callbackUrl?: string
  fromRedirect?: Record<string, string>
}

/** What keeps a redirect from the vendor's page of consent from being understood. */
export function findConsentFaults(
  entries: readonly Entry[],
  { callbackUrl, fromRedirect = {} }: Consenting,
  at: string,
): Fault[] {
  const callback = entries.find(({ key }) => callbackUrl === `{${key}}`)
  const strange = Object.keys(fromRedirect).filter(
    (key) => !entries.some((entry) => entry.key === key && entry.discovered),
  )
  return [
    ...(callbackUrl === undefined || (callback && !callback.secret)
      ? []
      : [{ at: `${at}/callbackUrl`, reason: 'must be one entry that is no secret, as {entry}' }]),
    ...strange.map((key) => ({
      at: `${at}/fromRedirect/${key}`,
      reason: 'must be an entry that is discovered',
    })),
  ]
}

/** What a page of consent cannot be told: what nobody knows yet, and secrets, which browsers show. */
export function findPageFaults(
  { entries }: Pick<Element, 'entries'>,
  shown: Record<string, unknown>,
  at: string,
): Fault[] {
  return Object.entries(shown).flatMap(([member, templates]) =>
    [...new Set(placeholdersIn(templates))].flatMap((key) => {
      const entry = entries.find((one) => one.key === key)
      const wrong = (reason: string) => ({ at: `${at}/${member}`, reason })
      if (entry?.discovered) return wrong(`needs {${key}}, which nobody knows before the consent`)
      // Of addresses that is said anyway.
      if (!entry?.secret || member.endsWith('Url')) return []
      return wrong(`must not hold the secret {${key}}: browsers show it`)
    }),
  )
}

/** Whether a redirect tells the value of an entry. */
export function isFromRedirect(authentications: readonly Authentication[], key: string): boolean {
  return authentications.some(
    (one) => 'fromRedirect' in one && Object.hasOwn(one.fromRedirect ?? {}, key),
  )
}
