import { type Authentication, keyOf } from '../authentication/authentication.ts'
import { checkConfiguration, type Scalar } from '../definition/configuration.ts'
import type { Element, Entry } from '../definition/element.ts'
import { viewOf } from '../definition/view.ts'
import { baseUrlOf } from '../exchange/address.ts'
import type { Values } from '../exchange/request.ts'
import { placeholdersIn, RenderError } from '../exchange/template.ts'
import { originsOf } from '../probe/request.ts'

/** An instance as far as its version matters; its secrets stay closed. */
export interface StoredInstance {
  authenticationType: string
  configuration: Record<string, Scalar>
  secrets: { entry: string; origins: string[] }[]
}

export interface Misfit {
  key: string
  reason: string
}

/**
 * Everything that keeps an instance from being one of another version of its element, and its
 * configuration under that version. Secrets count as given: whether the new version could send what
 * they hold shows when they are next opened.
 */
export function fit(
  instance: StoredInstance,
  element: Element,
): { misfits: Misfit[]; configuration: Record<string, Scalar> } {
  const { authenticationType, configuration } = instance
  const authentication = element.authentications.find((one) => keyOf(one) === authenticationType)
  if (!authentication) {
    const choices = element.authentications.map(keyOf).join(', ')
    const reason = `is "${authenticationType}", which is no longer offered: there is ${choices}`
    return { misfits: [{ key: 'authentication.type', reason }], configuration }
  }
  const view = viewOf(element, authentication)
  const checked = checkConfiguration(element, authentication, configuration)
  const sealed = new Set(instance.secrets.map(({ entry }) => entry))
  const closed = element.entries.filter(({ secret }) => secret).map(({ key }) => key)
  const unmade = findUnmade(element, closed)
  const known = new Map([
    ...storedOf(element.entries, configuration),
    ...checked.values,
    ...storedOf(unmade, configuration),
  ])
  const misfits = [
    ...checked.missing
      .filter(({ key }) => !sealed.has(key))
      .map(({ key, name }) => ({ key, reason: `is required now (${name})` })),
    ...checked.invalid,
    ...[...checked.secrets.keys()].map((key) => ({
      key,
      reason: 'is a secret now, and was stored in the open: send it again',
    })),
    ...findUndiscovered(view, authentication, known).filter(({ key }) => !sealed.has(key)),
    ...findAddressMisfits(view, known),
    ...findStraying(instance, element, authentication, known),
  ]
  return {
    misfits,
    configuration: { ...configuration, ...derivedOf(element, unmade, checked.plain) },
  }
}

/** What is derived of secrets, directly or not: while those stay closed it cannot be made anew. */
export function findUnmade({ entries }: Element, secrets: Iterable<string>): Set<Entry> {
  const closed = new Set(secrets)
  const unmade = new Set<Entry>()
  for (const entry of entries) {
    if (!placeholdersIn(entry.derived).some((source) => closed.has(source))) continue
    closed.add(entry.key)
    unmade.add(entry)
  }
  return unmade
}

/** What was discovered or derived before. */
function storedOf(entries: Iterable<Entry>, configuration: Record<string, Scalar>): Values {
  const computed = [...entries].filter(
    ({ key, discovered, derived }) =>
      (discovered || derived !== undefined) && Object.hasOwn(configuration, key),
  )
  return new Map(computed.map(({ key }) => [key, String(configuration[key])]))
}

/** What the vendor would have to tell before anything can be sent. */
function findUndiscovered(
  { entries, baseUrl, headers }: Element,
  authentication: Authentication,
  known: Values,
): Misfit[] {
  const used = new Set(placeholdersIn({ baseUrl, headers, authentication }))
  return entries
    .filter(({ key, discovered }) => discovered && used.has(key) && !known.has(key))
    .map(({ key }) => ({
      key,
      reason: 'is told by the vendor when the credentials are checked: send them again',
    }))
}

function findAddressMisfits(element: Element, known: Values): Misfit[] {
  try {
    baseUrlOf(element, known)
    return []
  } catch (error) {
    if (!(error instanceof RenderError)) throw error
    const entry = element.entries.find(({ key }) => key === error.key)
    // Told already: it is missing.
    if (entry?.discovered || !known.has(error.key)) return []
    return [{ key: error.key, reason: error.message }]
  }
}

/** Secrets that would go where they were not given for. */
function findStraying(
  { secrets }: StoredInstance,
  element: Element,
  authentication: Authentication,
  known: Values,
): Misfit[] {
  const origins = originsOf(element, authentication, known)
  const own = new Set(element.entries.map(({ key }) => key))
  return secrets
    .filter(({ entry }) => own.has(entry))
    .flatMap(({ entry: key, origins: meant }) => {
      const strange = origins.filter((origin) => !meant.includes(origin))
      if (strange.length === 0) return []
      const reason = `would go to ${strange.join(' and ')}, which it was not given for: send it again`
      return [{ key, reason }]
    })
}

/** What is derived of other than secrets, made anew. */
function derivedOf(
  { entries }: Element,
  unmade: ReadonlySet<Entry>,
  plain: Record<string, Scalar>,
): Record<string, Scalar> {
  const made = entries.filter(
    (entry) => entry.derived !== undefined && !unmade.has(entry) && Object.hasOwn(plain, entry.key),
  )
  return Object.fromEntries(made.map(({ key }) => [key, plain[key]!]))
}
