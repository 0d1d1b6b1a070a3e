import type { Context } from '../context.ts'
import type { Element } from '../definition/element.ts'
import { Refusal } from '../http/errors.ts'
import { isMeantFor } from '../vault/destination.ts'
import type { StoredSecret } from './connection-store.ts'
import { ownerOf } from './store.ts'
import { tokensEntry } from './tokens.ts'

/**
 * Opens secrets of an instance to be sent to all of these origins.
 * @throws {Refusal} `secrets-required`, naming each that was not given for all of them
 */
export async function openKept(
  { vault }: Pick<Context, 'vault'>,
  { organizationId, id }: { organizationId: number; id: number },
  element: Element,
  secrets: readonly StoredSecret[],
  origins: readonly string[],
): Promise<Map<string, string>> {
  requireMeant(element, secrets, origins)
  const opened = new Map<string, string>()
  for (const { sealed, ...secret } of secrets) {
    const place = { organizationId, owner: ownerOf(id), ...secret }
    for (const origin of origins) {
      opened.set(secret.entry, await vault.open(place, sealed, origin))
    }
  }
  return opened
}

/** @throws {Refusal} `secrets-required`, naming each that was not given for all of these origins */
export function requireMeant(
  element: Element,
  secrets: readonly Pick<StoredSecret, 'entry' | 'origins'>[],
  origins: readonly string[],
) {
  const strays = secrets.filter((secret) => !origins.every((to) => isMeantFor(secret.origins, to)))
  if (strays.length > 0) throw secretsRequired(element, strays, origins)
}

/** Names secrets that have to be sent again. */
export function secretsRequired(
  element: Element,
  secrets: readonly Pick<StoredSecret, 'entry' | 'origins'>[],
  origins: readonly string[] = [],
): Refusal {
  const missing = secrets.map(({ entry }) => show(element, entry))
  const names = missing.map(({ key, name }) => `"${key}" (${name})`).join(', ')
  const strange = origins.filter((to) => secrets.some((one) => !isMeantFor(one.origins, to)))
  const where = strange.length > 0 ? strange.join(' and ') : 'an address that is not known yet'
  return new Refusal('secrets-required', {
    message: `This leads to ${where}, which the secrets of the instance were not given for. Send ${names} again together with it.`,
    missing,
  })
}

/** Tokens cannot be sent: somebody has to consent anew. */
function show({ entries }: Element, key: string): { key: string; name: string } {
  if (key === tokensEntry) return { key: 'providerData.code', name: 'A new consent at the vendor' }
  return { key, name: entries.find((entry) => entry.key === key)?.name ?? key }
}
