import { type Authentication, keyOf } from '../authentication/authentication.ts'
import {
  type CheckedConfiguration,
  checkConfiguration,
  type Warning,
} from '../definition/configuration.ts'
import type { Element } from '../definition/element.ts'
import type { Elements, KnownElement } from '../elements/elements.ts'
import { getElement, keysOf } from '../elements/find.ts'
import { Refusal } from '../http/errors.ts'
import { showKey } from '../http/show-key.ts'
import { type Prepared, prepare } from '../probe/request.ts'
import { stripMarkup } from './markup.ts'
import { type ElementInstanceRequest, Instance, InstanceRequest } from './schema.ts'
import { findSettingFaults, findUnknownSettings } from './settings.ts'

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
  if (found.active) return found
  throw new Refusal(
    'element-inactive',
    `"${found.key}" is not active. An admin of the organization activates it with PUT /elements/${found.key}/active.`,
  )
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
 * The type that is asked for, or the only one, and a warning where that is not the same.
 * @throws {Refusal} `authentication-unclear` with the choices
 */
export function chooseAuthentication(
  element: Element,
  { configuration, authentication }: ElementInstanceRequest,
): { authentication: Authentication; warnings: Warning[] } {
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
  const chosen = element.authentications.find((one) => keyOf(one) === asked[0])
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

/** A configuration that can be used, and the request that tries it first. */
export interface UsableConfiguration extends CheckedConfiguration {
  first: Prepared | undefined
}

/**
 * The configuration, ready to be tried.
 * @throws {Refusal} naming all that is missing, invalid and unknown in configuration and settings
 */
export async function readConfiguration(
  element: Element,
  authentication: Authentication,
  body: ElementInstanceRequest,
): Promise<UsableConfiguration> {
  const { 'authentication.type': _, ...given } = body.configuration ?? {}
  refuseLargeValues(given)
  const checked = checkConfiguration(element, authentication, given)
  const { values, missing, unknown } = checked
  const invalid = [...checked.invalid, ...findRequestFaults(element, authentication, body)]
  const { first, faults } = await prepare(element, authentication, values)
  const known = new Set([...missing, ...invalid].map(({ key }) => key))
  invalid.push(...faults.filter(({ key }) => values.has(key) && !known.has(key)))
  const wrong = missing.length + invalid.length + unknown.length
  // What is not given and not required, and cannot be left out all the same.
  if (wrong === 0) invalid.push(...faults)
  if (wrong === 0 && faults.length === 0) return { ...checked, first }
  throw refuseConfiguration({ missing, invalid, unknown })
}

function findRequestFaults(
  { name }: Element,
  authentication: Authentication,
  body: ElementInstanceRequest,
) {
  const faults = findSettingFaults(body.settings ?? {})
  const takesToken = authentication.type === 'oauth2' && authentication.refreshToken !== undefined
  if (body.externalAuthentication === 'initial' && !takesToken) {
    const why = authentication.type === 'oauth2' ? 'has no place for one' : 'does not use OAuth'
    const reason = `"initial" takes a refresh token along; ${name} ${why}`
    faults.push({ key: 'externalAuthentication', reason })
  }
  return faults
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

function refuseConfiguration(found: {
  missing: { key: string; name: string }[]
  invalid: { key: string; reason: string }[]
  unknown: { key: string; nearest: string }[]
}): Refusal {
  const { missing, invalid, unknown } = found
  const sentences = [
    missing.length > 0 && `Add ${missing.map(({ key, name }) => `"${key}" (${name})`).join(', ')}.`,
    ...invalid.map(({ key, reason }) => `"${key}" ${reason}.`),
    ...unknown.map(({ key, nearest }) => `"${key}" is unknown: did you mean "${nearest}"?`),
  ]
  const inSettings = invalid.every(({ key }) => key.startsWith('settings.'))
  const wrong = inSettings && unknown.length === 0 ? 'settings-invalid' : 'configuration-invalid'
  return new Refusal(missing.length > 0 ? 'configuration-incomplete' : wrong, {
    message: sentences.filter(Boolean).join(' '),
    missing: missing.length > 0 ? missing : undefined,
    invalid: invalid.length > 0 ? invalid : undefined,
    unknown: unknown.length > 0 ? unknown : undefined,
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
