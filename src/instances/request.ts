import { type Authentication, keyOf } from '../authentication/authentication.ts'
import { needsConsent } from '../authentication/consent.ts'
import {
  type CheckedConfiguration,
  checkConfiguration,
  type Scalar,
  type Warning,
} from '../definition/configuration.ts'
import type { Element } from '../definition/element.ts'
import { refuseConfiguration } from '../definition/refuse.ts'
import type { Elements, KnownElement } from '../elements/elements.ts'
import { getElement, keysOf, requireActive } from '../elements/find.ts'
import type { Values } from '../exchange/request.ts'
import { Refusal } from '../http/errors.ts'
import { showKey } from '../http/show-key.ts'
import { type Prepared, prepare } from '../probe/request.ts'
import { stripMarkup } from './markup.ts'
import { type ElementInstanceRequest, Instance, InstanceRequest } from './schema.ts'
import { findUnknownSettings } from './settings.ts'

const maxNameLength = 255
const maxValueBytes = 16 * 1024

/**
 * The element that path and body name, by key or id.
 * @throws {Refusal} 404 with the nearest keys, 400 where none or two are named, 409 for an inactive one
 */
export async function findElement(
  elements: Elements,
  organizationId: number,
  keyInPath: string | undefined,
  { element }: Pick<ElementInstanceRequest, 'element'>,
): Promise<KnownElement> {
  const named = [keyInPath, element?.key, element?.id].filter((name) => name !== undefined)
  const [asked, ...others] = named.map(String)
  if (asked === undefined) {
    const choices = await keysOf(elements, organizationId)
    const message = `Name the element, as in "element": { "key": "${choices[0]}" }.`
    throw new Refusal('element-missing', { message, choices })
  }
  const found = await getElement(elements, organizationId, asked)
  for (const other of others) {
    if ((await elements.find(organizationId, other))?.id === found.id) continue
    throw new Refusal('body-invalid', {
      message: `The request names "${found.key}" and another element: name one.`,
      invalid: [{ key: 'element', reason: `does not agree with "${found.key}"` }],
    })
  }
  return requireActive(found)
}

/**
 * Name and tags without markup; tags left out are the name.
 * @throws {Refusal} for what is empty, too long, or cannot be stored
 */
export function readTexts({ name: givenName, tags, externalId }: ElementInstanceRequest) {
  const given = [givenName, externalId ?? '', ...(tags ?? [])]
  const invalid = ['name', 'externalId', ...(tags ?? []).map((_, at) => `tags.${at}`)]
    .filter((_, at) => !isPlainText(given[at]!))
    .map((key) => ({ key, reason: 'has a character that cannot be stored or shown' }))
  if (invalid.length > 0) {
    const keys = invalid.map(({ key }) => key).join(', ')
    const message = `Take control characters and halves of surrogate pairs out of ${keys}.`
    throw new Refusal('body-invalid', { message, invalid })
  }
  const name = stripMarkup(givenName)
  if (!/[^\p{Z}\p{C}]/u.test(name)) {
    const message = 'Nothing is left of the name without its markup. Give it a name.'
    throw new Refusal('name-missing', message)
  }
  if (name.length > maxNameLength) {
    throw new Refusal('name-too-long', 'A name may have at most 255 characters. Shorten it.')
  }
  const kept = (tags ?? [name]).map(stripMarkup).filter((tag) => tag !== '')
  if (kept.some((tag) => tag.length > maxNameLength)) {
    throw new Refusal('tag-too-long', 'A tag may have at most 255 characters. Shorten it.')
  }
  return { name, tags: [...new Set(kept)] }
}

function isPlainText(text: string): boolean {
  return text.isWellFormed() && !/[^\P{Cc}\t\n\r]/u.test(text)
}

/**
 * The type that is asked for, the one that a request without a name means, or the only one, and a
 * warning where that is not the same.
 * @throws {Refusal} `authentication-unclear` with the choices
 */
export function chooseAuthentication(
  element: Element,
  body: ElementInstanceRequest,
): { authentication: Authentication; warnings: Warning[] } {
  const { configuration, authentication } = body
  const asked = [authentication?.type, configuration?.['authentication.type']].filter(
    (type) => type !== undefined && type !== null && type !== '',
  )
  const choices = element.authentications.map(keyOf)
  if (new Set(asked).size > 1) {
    throw new Refusal('authentication-unclear', {
      message: 'authentication.type is one thing, and another in the configuration: keep one.',
      choices,
    })
  }
  const [only, ...more] = element.authentications
  const chosen =
    asked.length > 0
      ? element.authentications.find((one) => keyOf(one) === asked[0])
      : findMeant(element, body)
  if (chosen) return { authentication: chosen, warnings: [] }
  if (more.length > 0) {
    throw new Refusal('authentication-unclear', {
      message: `Name a type of authentication that ${element.name} offers: "authentication": { "type": "${choices[0]}" }.`,
      choices,
    })
  }
  const message = `is "${keyOf(only!)}", the only type that ${element.name} offers`
  const warnings = asked.length > 0 ? [{ key: 'authentication.type', message }] : []
  return { authentication: only!, warnings }
}

/** Of several: the one that can use what is brought along, or the element's default. */
function findMeant(
  { authentications }: Element,
  { providerData = {}, externalAuthentication }: ElementInstanceRequest,
): Authentication | undefined {
  const isConsented = Object.keys(providerData).length > 0
  const preset = authentications.find((one) => one.default)
  const usable =
    externalAuthentication === 'initial'
      ? authentications.filter((one) => one.type === 'oauth2' && one.refreshToken !== undefined)
      : authentications.filter((one) => isConsented && needsConsent(one))
  const [fit, ...others] = usable
  if (!fit) return preset
  return others.length === 0 ? fit : usable.find((one) => one === preset)
}

/** A refresh token that is brought along takes the place of whatever would yield one. */
export function grantFor(
  authentication: Authentication,
  { externalAuthentication }: { externalAuthentication?: string | undefined },
): Authentication {
  return authentication.type === 'oauth2' && externalAuthentication === 'initial'
    ? { ...authentication, grant: 'refreshToken' }
    : authentication
}

/** A configuration that can be used, and the request that tries it first. */
export interface UsableConfiguration extends CheckedConfiguration {
  first: Prepared | undefined
}

/** What a configuration is made of. */
export interface ConfigurationSources {
  body: ElementInstanceRequest
  /** By the request, or when a consent was asked for. */
  given: Record<string, Scalar>
  /** By an app profile: not the instance's own; `null` where it is not opened yet. */
  app: Record<string, Scalar>
  /** By a consent. */
  told: Values
  /** What is wrong with the settings. */
  settingFaults: { key: string; reason: string }[]
}

/**
 * The configuration, ready to be tried.
 * @throws {Refusal} naming all that is missing, invalid and unknown in configuration and settings
 */
export async function readConfiguration(
  element: Element,
  authentication: Authentication,
  { body, given, app, told, settingFaults }: ConfigurationSources,
): Promise<UsableConfiguration> {
  refuseLargeValues(body.configuration ?? {})
  const checked = checkConfiguration(element, authentication, { ...given, ...app })
  const { unknown } = checked
  const missing = checked.missing.filter(({ key }) => !Object.hasOwn(app, key))
  for (const key of Object.keys(app)) {
    delete checked.plain[key]
    checked.secrets.delete(key)
    checked.secretKeys.add(key)
  }
  for (const key of told.keys()) if (key.startsWith('consent.')) checked.secretKeys.add(key)
  const values = new Map([...checked.values, ...told])
  checked.values = values
  const invalid = [
    ...checked.invalid,
    ...settingFaults,
    ...findRequestFaults(element, authentication, body),
  ]
  const { first, faults } = await prepare(element, authentication, values)
  const known = new Set([...missing, ...invalid].map(({ key }) => key))
  invalid.push(...faults.filter(({ key }) => values.has(key) && !known.has(key)))
  const wrong = missing.length + invalid.length + unknown.length
  // What is not given and not required, and cannot be left out all the same.
  if (wrong === 0) invalid.push(...faults.filter(({ key }) => app[key] !== null))
  if (wrong === 0 && faults.length === 0) return { ...checked, first }
  throw refuseConfiguration({ missing, invalid, unknown })
}

function findRequestFaults(
  { name }: Element,
  authentication: Authentication,
  body: ElementInstanceRequest,
) {
  const takesToken = authentication.type === 'oauth2' && authentication.refreshToken !== undefined
  if (body.externalAuthentication !== 'initial' || takesToken) return []
  const why = authentication.type === 'oauth2' ? 'has no place for one' : 'does not use OAuth'
  const reason = `"initial" takes a refresh token along; ${name} ${why}`
  return [{ key: 'externalAuthentication', reason }]
}

function refuseLargeValues(given: Record<string, unknown>) {
  const large = Object.keys(given).find(
    (key) => Buffer.byteLength(String(given[key])) > maxValueBytes,
  )
  if (large === undefined) return
  throw new Refusal('configuration-too-large', {
    message: `"${showKey(large)}" is too long: a value may have at most 16 KiB.`,
    invalid: [{ key: showKey(large), reason: 'has more than 16 KiB' }],
  })
}

/** What an answer has and a request need not: clients send a whole instance back. */
const harmless = new Set([...Object.keys(Instance.properties), 'retrieveObjectsAfterInstantiation'])

/** Members of the request that nobody knows, as warnings: they were ignored. */
export function findStrangers(body: ElementInstanceRequest): Warning[] {
  const ofBody = Object.keys(body).filter(
    (key) => !Object.hasOwn(InstanceRequest.properties, key) && !harmless.has(key),
  )
  const ofSettings = findUnknownSettings(body.settings ?? {}).map((key) => `settings.${key}`)
  return [...ofBody, ...ofSettings].slice(0, 20).map((key) => ({
    key: showKey(key),
    message: 'is no member of this request and was ignored',
  }))
}
