import type { Context } from '../context.ts'
import { checkConfiguration } from '../definition/configuration.ts'
import { Refusal } from '../http/errors.ts'
import { idEntry, ownerOf, type SealedClient, secretEntry } from './app-store.ts'
import type { AppSubject } from './app-subject.ts'

/** What stands for somebody at an OAuth vendor; without a secret where such a client has none. */
export interface Client {
  clientId: string
  clientSecret: string | undefined
}

/**
 * Requires id and secret to be what the element asks for; `kept` is whether there is a secret that
 * stays as it is.
 * @throws {Refusal} `body-invalid` that names what is wrong
 */
export function requireClient(
  { element, authentication, client }: AppSubject,
  { clientId, clientSecret }: Client,
  kept = false,
) {
  const has = kept || clientSecret !== undefined
  if (client.secret === undefined && has) {
    const reason = `is there, and ${element.name} asks for none: leave it out`
    throw invalidClient([{ key: secretEntry, reason }])
  }
  if (client.secret !== undefined && !has) {
    throw invalidClient([{ key: secretEntry, reason: `is needed for ${element.name}` }])
  }
  const given = {
    [client.id]: clientId,
    ...(client.secret && clientSecret !== undefined && { [client.secret]: clientSecret }),
  }
  const { invalid } = checkConfiguration(element, authentication, given)
  const wrong = invalid.flatMap(({ key, reason }) => {
    if (key === client.id) return [{ key: idEntry, reason }]
    return key === client.secret ? [{ key: secretEntry, reason }] : []
  })
  if (wrong.length > 0) throw invalidClient(wrong)
}

/** Sealed for its origins, an id that has no secret as well: it goes nowhere else. */
export async function sealClient(
  { vault }: Pick<Context, 'vault'>,
  at: { organizationId: number; id: number; secretVersion: number; origins: readonly string[] },
  { clientId, clientSecret }: Client,
): Promise<SealedClient> {
  const { id, ...place } = at
  const entry = clientSecret === undefined ? idEntry : secretEntry
  const sealed = await vault.seal({ ...place, owner: ownerOf(id), entry }, clientSecret ?? clientId)
  return { ...sealed, entry, origins: place.origins }
}

function invalidClient(invalid: { key: string; reason: string }[]): Refusal {
  const sentences = invalid.map(({ key, reason }) => `"${key}" ${reason}.`)
  return new Refusal('body-invalid', { message: sentences.join(' '), invalid })
}
