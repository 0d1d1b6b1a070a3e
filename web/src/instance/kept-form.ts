import type { Element, Entry } from '../api/elements.ts'
import type { Instance } from '../api/instances.ts'
import { bodyOf, entriesFor, type Filled, fieldOf, settingsOf } from '../wizard/form.ts'

const mask = '********'

/** The wizard's fields as an instance fills them; secrets are empty, for they are never shown. */
export function filledBy(element: Element, instance: Instance): Partial<Filled> {
  const { name, tags, externalId, settings, authentication, configuration } = instance
  const values = element.configuration.map((entry) => {
    const value = configuration[entry.key] ?? ''
    if (entry.kind === 'boolean') return [fieldOf(entry), String(value) === 'true'] as const
    return [fieldOf(entry), value === mask ? '' : String(value)] as const
  })
  return {
    name,
    tags,
    externalId: externalId ?? '',
    timeZone: settings.timeZone ?? '',
    dateFormat: settings.dateFormat ?? '',
    rateLimits: (settings.rateLimits ?? []).map(({ every = 1, ...window }) => ({
      every,
      ...window,
    })),
    rateLimitId: settings.rateLimitId === undefined ? null : String(settings.rateLimitId),
    connectionPoolId:
      settings.connectionPoolId === undefined ? null : String(settings.connectionPoolId),
    authentication: authentication.type,
    values: Object.fromEntries(values),
  }
}

/** The element as it asks who fills it in again: a secret that is kept need not be typed. */
export function askedAgain(element: Element, instance: Instance): Element {
  const again = (entry: Entry): Entry =>
    instance.configuration[entry.key] === mask
      ? { ...entry, required: false, placeholder: `${mask} (kept: type to replace it)` }
      : entry
  return { ...element, configuration: element.configuration.map(again) }
}

/** What a change of the settings sends: all of them, those that were taken away as `null`. */
export function settingsChange(filled: Filled) {
  const { name, tags, externalId } = filled
  const none = {
    timeZone: null,
    dateFormat: null,
    rateLimits: null,
    rateLimitId: null,
    connectionPoolId: null,
  }
  return {
    name,
    tags,
    externalId: externalId === '' ? null : externalId,
    settings: { ...none, ...settingsOf(filled) },
  }
}

/** What a change of the credentials sends; what was emptied is taken away, kept secrets are not. */
export function credentialsChange(element: Element, instance: Instance, filled: Filled) {
  const { configuration = {}, authentication } = bodyOf(element, filled)
  const emptied = entriesFor(element, filled.authentication)
    .map(({ key }) => key)
    .filter((key) => !(key in configuration))
    .filter((key) => ![undefined, null, '', mask].includes(instance.configuration[key] as string))
  return {
    configuration: {
      ...configuration,
      ...Object.fromEntries(emptied.map((key) => [key, null])),
    },
    ...(authentication && { authentication }),
  }
}
