import type { Scalar } from '../definition/configuration.ts'
import type { Element } from '../definition/element.ts'
import { Refusal } from '../http/errors.ts'
import { isMeantFor } from '../vault/destination.ts'
import type { ClientEntries } from './app-client.ts'
import type { AppRecord } from './app-store.ts'

/** What of a client a configuration gives itself, under the names that it gives it by. */
export function ownClientIn(
  { entries }: Element,
  client: ClientEntries,
  configuration: Record<string, Scalar>,
): string[] {
  return entries
    .filter(({ key }) => key === client.id || key === client.secret)
    .flatMap(({ key, aliases = [] }) => [key, ...aliases])
    .filter((key) => Object.hasOwn(configuration, key))
    .filter((key) => configuration[key] !== null && configuration[key] !== '')
}

/**
 * The one that is meant where none is named: of those that may go where their secret would, own ones
 * go before shared ones.
 * @throws {Refusal} `oauth-app-unclear` with the ids of several
 */
export function chooseApp(
  usable: AppRecord[],
  userId: number,
  destinations: readonly string[] | undefined,
): AppRecord | undefined {
  const meant = usable.filter(({ origins }) =>
    destinations?.every((destination) => isMeantFor(origins, destination)),
  )
  // With none of them the refusal says what is missing.
  const fit = meant.length > 0 ? meant : usable
  const own = fit.filter((app) => app.userId === userId)
  const [chosen, ...others] = own.length > 0 ? own : fit
  if (!chosen || others.length === 0) return chosen
  throw new Refusal('oauth-app-unclear', {
    message: `Several app profiles fit. Name one, as in "authentication": { "oauthAppId": ${chosen.id} }.`,
    choices: [chosen, ...others].map(({ id }) => String(id)),
  })
}
