import { type Authentication, keyOf } from '../authentication/authentication.ts'
import type { Context } from '../context.ts'
import type { Element } from '../definition/element.ts'
import { Refusal } from '../http/errors.ts'
import { isMeantFor } from '../vault/destination.ts'
import type { AppliedApp } from './app.ts'
import { clientOf } from './app-client.ts'
import { type AppRecord, ownerOf, secretEntry } from './app-store.ts'

/**
 * What an app profile gives in the place of a configuration, its secret opened for every one of the
 * destinations.
 * @throws {Refusal} `oauth-app-unfit`, and `secrets-required` where it was not given for one of them
 */
export async function applyApp(
  { vault }: Pick<Context, 'vault'>,
  app: AppRecord,
  element: Element,
  authentication: Authentication,
  destinations: readonly string[] | undefined,
): Promise<AppliedApp> {
  const { organizationId, id, clientId, entry, origins, secretVersion, sealed } = app
  const client = clientOf(element, authentication)
  const asked = app.elementId === element.id && app.authenticationType === keyOf(authentication)
  if (!asked || !client) throw isForAnother(app, element, authentication)
  const hasSecret = entry === secretEntry
  if (hasSecret !== (client.secret !== undefined)) throw hasChanged(app, element)
  const place = { organizationId, owner: ownerOf(id), entry, secretVersion, origins }
  const strange = destinations?.find((destination) => !isMeantFor(origins, destination))
  if (strange !== undefined) throw isForElsewhere(app, strange)
  let opened: string | null = null
  for (const destination of destinations ?? []) {
    opened = await vault.open(place, sealed, destination)
  }
  return {
    id,
    given: { [client.id]: clientId, ...(client.secret && { [client.secret]: opened }) },
  }
}

function isForAnother(
  { id }: AppRecord,
  { key, name }: Element,
  authentication: Authentication,
): Refusal {
  return new Refusal(
    'oauth-app-unfit',
    `The app profile ${id} is not for "${keyOf(authentication)}" of ${name}. Name another one of GET /oauth-apps?element=${key}, or none.`,
  )
}

function hasChanged({ id }: AppRecord, { name }: Element): Refusal {
  return new Refusal(
    'oauth-app-unfit',
    `${name} proves its client in another way than when the app profile ${id} was stored. Send what it asks for now with PUT /oauth-apps/${id}.`,
  )
}

function isForElsewhere({ id, origins }: AppRecord, destination: string): Refusal {
  return new Refusal('secrets-required', {
    message: `The app profile ${id} was not given for ${destination}, but for ${origins.join(', ')}. Send its clientSecret again with PUT /oauth-apps/${id}, and this origin among its origins.`,
    missing: [{ key: secretEntry, name: 'Client secret' }],
  })
}
