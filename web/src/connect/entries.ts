import type { Entry } from '../api/elements.ts'
import { type Filled, type FormElement, fieldOf } from '../wizard/form.ts'
import type { ConnectAuthentication, ConnectElement } from './session-api.ts'

/** What a session asks for, as the wizard's fields take it: what is set beforehand is not in it. */
export function askedOf(
  element: ConnectElement,
  authentication: ConnectAuthentication,
): FormElement {
  const { key, type, name, help, consent } = authentication
  return {
    configDescription: [element.description, element.configDescription, help]
      .filter(Boolean)
      .join(' '),
    settings: {},
    authenticationTypes: [{ key, type, name, help, consent, default: true }],
    configuration: authentication.entries.map((entry, index) => entryOf(entry, index)),
  }
}

function entryOf(given: ConnectAuthentication['entries'][number], index: number): Entry {
  const { key, name, required, kept, secret, advanced, options } = given
  const help = [given.help, kept && 'Leave it empty to keep what there is.']
  return {
    id: index,
    key,
    name,
    description: given.help ?? '',
    defaultValue: given.default,
    type: 'TEXTFIELD_1000',
    kind: given.type as Entry['kind'],
    required,
    hideFromConsole: false,
    internal: false,
    active: true,
    displayOrder: index,
    options,
    secret,
    advanced,
    aliases: [],
    help: help.filter(Boolean).join(' ') || null,
    placeholder: given.placeholder,
    pattern: given.pattern,
    authentications: null,
  }
}

/** Where the passphrase of a certificate's field stands among what was filled in. */
export function passphraseOf(entry: Pick<Entry, 'id'>): string {
  return `${fieldOf(entry)}Passphrase`
}

/** What is sent of it, by key. */
export function configurationOf(entries: readonly Entry[], { values }: Filled) {
  const all = entries.flatMap((entry) => {
    const value = values[fieldOf(entry)] ?? ''
    const isNumber = entry.kind === 'number' && String(value).trim() !== ''
    const read = isNumber && Number.isFinite(Number(value)) ? Number(value) : value
    const passphrase = values[passphraseOf(entry)]
    const opened =
      entry.kind === 'certificate' && value !== '' && passphrase
        ? [[`${entry.key}.passphrase`, passphrase] as const]
        : []
    return [[entry.key, read] as const, ...opened]
  })
  return Object.fromEntries(all)
}
