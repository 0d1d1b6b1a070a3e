import { keyOf } from '../authentication/authentication.ts'
import { needsConsent } from '../authentication/consent.ts'
import { loginOf } from '../authentication/login.ts'
import { isComputed } from '../definition/computed.ts'
import { type Element, type Entry, imageOf } from '../definition/element.ts'
import { typedPattern } from '../definition/value.ts'
import type { KnownElement } from './elements.ts'
import type {
  AuthenticationChoice,
  ConfigurationEntry,
  ElementAnswer,
  ElementMetadata,
} from './schema.ts'

/** The element as Cloud Elements' clients know it, and our additions. */
export function showElement(known: KnownElement): ElementAnswer {
  const { element } = known
  const [first] = element.authentications
  return {
    id: element.id,
    key: element.key,
    name: element.name,
    hub: element.hub,
    description: element.description,
    image: imageOf(element),
    active: known.active,
    deleted: false,
    typeOauth: element.authentications.some(({ type }) => /^oauth[12]$/.test(type)),
    trialAccount: false,
    configDescription: element.configDescription,
    transformationsEnabled: true,
    authentication: { type: first!.type },
    parameters: [],
    configuration: showEntries(element),
    authenticationTypes: showAuthentications(element),
    settings: element.settings ?? {},
    documentation: element.documentation ?? null,
    version: known.version,
    own: known.own,
    installed: known.installed !== undefined,
    updateAvailable: known.installed !== undefined && known.installed !== known.current,
  }
}

/** What it asks for, in the order of its forms. */
export function showEntries(element: Element): ConfigurationEntry[] {
  return element.entries
    .map((entry, place) => showEntry(element, entry, place))
    .sort((one, other) => one.displayOrder - other.displayOrder)
}

export function showMetadata({ element }: KnownElement): ElementMetadata {
  const { id, key, name, hub, entries, probes, settings, documentation } = element
  const login = element.authentications.some((one) => loginOf(one) !== undefined)
  return {
    id,
    key,
    name,
    hub,
    authentications: showAuthentications(element),
    probe: login || (probes ?? []).length > 0,
    discovers: entries.filter(({ discovered }) => discovered).map((entry) => entry.key),
    settings: settings ?? {},
    documentation: documentation ?? null,
  }
}

function showAuthentications({ authentications }: Element): AuthenticationChoice[] {
  return authentications.map((authentication) => {
    const { type, name, help = null } = authentication
    const isDefault = authentication.default ?? false
    const consent = needsConsent(authentication)
    return { key: keyOf(authentication), type, name, help, default: isDefault, consent }
  })
}

const maxEntries = 1000

function showEntry({ id }: Element, entry: Entry, place: number): ConfigurationEntry {
  const preset = entry.default ?? entry.constant
  return {
    id: id * maxEntries + place,
    key: entry.key,
    name: entry.name,
    description: entry.help ?? '',
    defaultValue: preset === undefined ? null : String(preset),
    type: formTypeOf(entry),
    required: entry.required ?? false,
    hideFromConsole: entry.hidden ?? false,
    internal: isComputed(entry),
    active: true,
    displayOrder: entry.order ?? place,
    options: (entry.options ?? []).map(({ value, name = value }) => ({ value, name })),
    kind: entry.type,
    secret: entry.secret ?? false,
    advanced: entry.advanced ?? false,
    aliases: entry.aliases ?? [],
    help: entry.help ?? null,
    placeholder: entry.placeholder ?? null,
    pattern: typedPattern(entry),
    authentications: entry.authentications ?? null,
  }
}

/** In Cloud Elements' words. */
function formTypeOf({ type, options }: Entry): ConfigurationEntry['type'] {
  if (options) return 'COMBO'
  if (type === 'boolean') return 'BOOLEAN'
  if (type === 'password') return 'PASSWORD'
  if (type === 'textarea' || type === 'certificate') return 'TEXTAREA'
  return type === 'url' || type === 'path' ? 'TEXTFIELD_1000' : 'TEXTFIELD_128'
}
