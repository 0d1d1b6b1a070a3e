import type { Authentication } from '../authentication/authentication.ts'
import type { Context } from '../context.ts'
import { checkConfiguration, isFor, type Scalar } from '../definition/configuration.ts'
import type { Element, Entry } from '../definition/element.ts'
import { refuseConfiguration } from '../definition/refuse.ts'
import { universalEntry } from '../definition/universal.ts'
import { Refusal } from '../http/errors.ts'
import { showKey } from '../http/show-key.ts'
import { caller } from '../vault/vault.ts'
import { findOpenHosts } from './open-hosts.ts'
import { ownerOf, presetEntry } from './session.ts'
import type { SessionKey } from './store.ts'
import { findPreset } from './ticket-store.ts'

/** Entries that the client app set beforehand: never shown to the customer, nor to be changed. */
export type Preset = Record<string, Scalar>

/** Where a preset is sealed, and opened for nobody but the service itself. */
export function presetPlace({ organizationId, id }: SessionKey) {
  const place = { organizationId, owner: ownerOf(id), entry: presetEntry }
  return { ...place, secretVersion: 1, origins: [caller] }
}

export async function readPreset(
  { db, vault }: Pick<Context, 'db' | 'vault'>,
  key: SessionKey,
): Promise<Preset> {
  const found = await findPreset(db, key)
  if (!found) return {}
  return JSON.parse(await vault.open(presetPlace(key), found.sealed, caller))
}

/** What of a preset is for this element; a choice of elements has one preset for all. */
export function presetFor(element: Element, preset: Preset): Preset {
  const keys = Object.keys(preset).filter((key) => entryOf(element, key) || universalEntry(key))
  return Object.fromEntries(keys.map((key) => [key, preset[key]!]))
}

/** The element's own keys of what is set, whatever of its names it goes by. */
export function presetKeys(element: Element, preset: Preset): Set<string> {
  const given = Object.entries(preset).filter(([, value]) => value !== null && value !== '')
  return new Set(given.flatMap(([key]) => entryOf(element, key)?.key ?? []))
}

/** The entry of that key or alias, or that a passphrase belongs to. */
export function entryOf({ entries }: Pick<Element, 'entries'>, key: string): Entry | undefined {
  return entries.find(
    (entry) =>
      entry.key === key ||
      entry.aliases?.includes(key) ||
      (entry.type === 'certificate' && `${entry.key}.passphrase` === key),
  )
}

/**
 * Refuses a preset that could not be used, or whose secrets the customer could lead elsewhere.
 * @param offers the elements with the authentications that the customer may choose
 * @throws {Refusal} `configuration-invalid`
 */
export function checkPreset(
  offers: readonly { element: Element; authentications: readonly Authentication[] }[],
  preset: Preset,
) {
  const strange = Object.keys(preset).filter(
    (key) => !universalEntry(key) && !offers.some(({ element }) => entryOf(element, key)),
  )
  if (strange.length > 0) throw unknownKeys(strange)
  for (const { element, authentications } of offers) {
    const given = presetFor(element, preset)
    for (const authentication of authentications) {
      const checked = checkConfiguration(element, authentication, given)
      // Of what is derived, something may be missing yet.
      const invalid = checked.invalid.filter(
        ({ key }) => entryOf(element, key)?.derived === undefined,
      )
      const { unknown } = checked
      if (invalid.length + unknown.length > 0) {
        throw refuseConfiguration({ missing: [], invalid, unknown })
      }
      refuseStraying(element, authentication, given)
    }
  }
}

/** Whoever chooses the host learns what is sent to it. */
function refuseStraying(element: Element, authentication: Authentication, preset: Preset) {
  const set = presetKeys(element, preset)
  const secrets = element.entries.filter(
    (entry) =>
      set.has(entry.key) &&
      isFor(entry, authentication) &&
      (entry.secret || entry.type === 'certificate'),
  )
  const open = findOpenHosts(element, authentication, set)
  if (secrets.length === 0 || open.length === 0) return
  const names = open.map(({ key }) => `"${key}"`).join(' and ')
  throw new Refusal('configuration-invalid', {
    message: `By ${names} the customer would decide where the secrets go that you set. Set ${names} as well, or leave the secrets to the customer.`,
    invalid: secrets.map(({ key }) => ({ key, reason: `would go wherever ${names} says` })),
  })
}

function unknownKeys(keys: string[]): Refusal {
  const invalid = keys.map((key) => ({ key: showKey(key), reason: 'is no entry of the element' }))
  const names = invalid.map(({ key }) => `"${key}"`).join(', ')
  return new Refusal('configuration-invalid', {
    message: `No element of the session has ${names}. See GET /elements/{key} for what it asks for.`,
    invalid,
  })
}
