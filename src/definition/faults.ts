import { type Authentication, keyOf, typeOf } from '../authentication/authentication.ts'
import { filterNames, filterOf } from '../exchange/filters.ts'
import { placeholdersIn, splitTemplate } from '../exchange/template.ts'
import { isFromRedirect } from './consent-faults.ts'
import { findDateFormatFault } from './date-format.ts'
import type { Element, Entry } from './element.ts'
import { findGatewayFaults } from './gateway-faults.ts'
import { findOAuth1Faults } from './oauth1-faults.ts'
import { findOAuth2Faults } from './oauth2-faults.ts'
import { compilePattern } from './pattern.ts'
import { isTimeZone } from './settings.ts'
import { findAddressFaults, findHeaderFaults, findStepFaults, stepsOf } from './step-faults.ts'

/** What is wrong with a definition, and where, as a JSON Pointer (RFC 6901). */
export interface Fault {
  at: string
  reason: string
}

/** Words that stand where routes have an element's key. */
const routeWords = new Set([
  'api-v2',
  'count',
  'docs',
  'export',
  'hubs',
  'import',
  'instances',
  'keys',
  'metadata',
  'schema',
  'updates',
  'validate',
])
/** It is no entry: in a configuration it chooses between the element's authentications. */
const choosingKey = 'authentication.type'
/** What templates may name besides entries. */
const reserved = /^(session|consent|request|time|random)\.|^signature$/

/** What no schema says: whether the parts of a definition fit each other. */
export function findFaults(element: Element): Fault[] {
  return [
    ...findKeyFaults(element),
    ...element.entries.flatMap((entry, at) => findEntryFaults(element, entry, `/entries/${at}`)),
    ...findTemplateFaults(element),
    ...findStepFaults(element),
    ...findAuthenticationFaults(element),
    ...findSettingFaults(element),
    ...findGatewayFaults(element),
  ]
}

/** Each takes some milliseconds when it is first used. */
const maxPatterns = 30

function findKeyFaults({ key, entries, authentications, probes = [] }: Element): Fault[] {
  const patterns = entries.filter(({ pattern }) => pattern !== undefined)
  const keys = entries.flatMap((entry) => [entry.key, ...(entry.aliases ?? [])])
  const chosen = authentications.map(keyOf)
  return [
    ...(routeWords.has(key) ? [{ at: '/key', reason: `"${key}" is a word that routes use` }] : []),
    ...(keys.includes(choosingKey)
      ? [{ at: '/entries', reason: `"${choosingKey}" chooses between authentications` }]
      : []),
    ...keys
      .filter((one) => reserved.test(one))
      .map((one) => ({ at: '/entries', reason: `"${one}" is a name that templates use` })),
    ...(patterns.length > maxPatterns
      ? [{ at: '/entries', reason: `more than ${maxPatterns} have a pattern` }]
      : []),
    ...twice(keys).map((twin) => ({ at: '/entries', reason: `"${twin}" is there twice` })),
    ...twice(chosen).map((twin) => ({
      at: '/authentications',
      reason: `"${twin}" is there twice: give each a key`,
    })),
    ...authentications
      .flatMap((one, index) => (one.default ? [index] : []))
      .slice(1)
      .map((index) => ({
        at: `/authentications/${index}/default`,
        reason: 'another one is the default already',
      })),
    ...probes.flatMap(({ authentications: taken = [] }, index) =>
      taken
        .filter((one) => !chosen.includes(one))
        .map((one) => ({
          at: `/probes/${index}/authentications`,
          reason: `the element has no authentication "${one}"`,
        })),
    ),
  ]
}

export function twice(words: string[]): string[] {
  const seen = new Set<string>()
  return [...new Set(words.filter((word) => seen.size === seen.add(word).size))]
}

function findEntryFaults(element: Element, entry: Entry, at: string): Fault[] {
  const { type, secret, options, pattern, normalise } = entry
  const faults: Fault[] = []
  const wrong = (member: string, reason: string) => faults.push({ at: at + member, reason })
  if (type === 'password' && !secret) wrong('', 'a password has to be secret')
  if (type === 'certificate' && secret)
    wrong('/secret', 'certificates are kept apart: leave it out')
  if (entry.defaultPath !== undefined && type !== 'url') {
    wrong('/defaultPath', 'is for entries of type url')
  }
  if (entry.hosts && type !== 'url') wrong('/hosts', 'is for entries of type url')
  const sources = (['default', 'constant', 'derived', 'discovered'] as const).filter(
    (member) => entry[member] !== undefined,
  )
  if (sources.length > 1) wrong('', `is ${sources.join(' and ')} at once: keep one`)
  if (entry.required && sources.some((member) => member !== 'default')) {
    wrong('/required', `nobody is asked for what is ${sources[0]}`)
  }
  for (const member of ['default', 'constant'] as const) {
    const reason = findPresetFault(entry, entry[member])
    if (reason) wrong(`/${member}`, reason)
  }
  if (pattern && !compilePattern(pattern)) {
    wrong(
      '/pattern',
      'is no regular expression of RE2, which knows no look-around, or repeats too much',
    )
  }
  const filter = normalise && splitTemplate(`{x|${normalise}}`)[0]?.filters
  if (normalise && !(filter && filter.length > 0)) wrong('/normalise', 'names no filters')
  for (const one of filter || []) if (!filterOf(one)) wrong('/normalise', unknownFilter(one))
  if (options && twice(options.map(({ value }) => value)).length > 0) {
    wrong('/options', 'has a value twice')
  }
  for (const key of entry.authentications ?? []) {
    if (!element.authentications.some((one) => keyOf(one) === key)) {
      wrong('/authentications', `the element has no authentication "${key}"`)
    }
  }
  return [...faults, ...findComputedFaults(element, entry, at)]
}

function findPresetFault({ type, secret, options }: Entry, preset: unknown): string | undefined {
  if (preset === undefined) return undefined
  // It would be the same for everyone, and stand in every answer.
  if (secret) return 'a secret cannot have one'
  const wanted = type === 'number' || type === 'boolean' ? type : 'string'
  if (typeof preset !== wanted) return `must be ${wanted}`
  if (options && !options.some(({ value }) => value === String(preset))) {
    return 'is none of the options'
  }
  return undefined
}

/** Of entries that nobody gives. */
function findComputedFaults(element: Element, entry: Entry, at: string): Fault[] {
  const { derived, discovered, type, hosts, secret } = entry
  const faults: Fault[] = []
  if (derived !== undefined) {
    const known = element.entries.slice(0, element.entries.indexOf(entry))
    for (const key of placeholdersIn(derived)) {
      const source = known.find((one) => one.key === key)
      if (!source) {
        faults.push({ at: `${at}/derived`, reason: `{${key}} is no entry that stands before it` })
      } else if (source.secret && secret === undefined) {
        const reason = `is made from the secret {${key}}: say whether it is secret too`
        faults.push({ at: `${at}/secret`, reason })
      }
    }
    for (const filter of filtersIn(derived)) {
      if (!filterOf(filter)) faults.push({ at: `${at}/derived`, reason: unknownFilter(filter) })
    }
  }
  if (discovered) {
    if (type === 'url' && !hosts) {
      const reason = 'is an address that the vendor tells: say which hosts it may name'
      faults.push({ at: `${at}/hosts`, reason })
    }
    const found = stepsOf(element).some(({ step }) => Object.hasOwn(step.extract ?? {}, entry.key))
    if (!found && !isFromRedirect(element.authentications, entry.key)) {
      faults.push({ at: `${at}/discovered`, reason: 'no step extracts it' })
    }
  }
  return faults
}

/** Placeholders that name nothing, and filters that nobody knows, wherever values are put in. */
function findTemplateFaults(element: Element): Fault[] {
  const { entries, authentications, baseUrl, headers, probes } = element
  const typeOfEntry = new Map(entries.map(({ key, type }) => [key, type]))
  const extracted = new Set(stepsOf(element).flatMap(({ step }) => Object.keys(step.extract ?? {})))
  const places = { '/baseUrl': baseUrl, '/authentications': authentications }
  const more = { '/headers': headers, '/probes': probes }
  return Object.entries({ ...places, ...more }).flatMap(([root, part]) =>
    templatesIn(part, root).flatMap(({ at, text }) => {
      const named = placeholdersIn(text).filter((key) => {
        if (typeOfEntry.has(key)) return false
        if (key.startsWith('session.')) return !extracted.has(key) && key !== 'session.cookies'
        const authentication = authentications[Number(/^\/authentications\/(\d+)/.exec(at)?.[1])]
        return !(authentication && isOwn(authentication, key))
      })
      const files = placeholdersIn(text).filter((key) => typeOfEntry.get(key) === 'certificate')
      const strange = filtersIn(text).filter((filter) => !filterOf(filter))
      return [
        ...named.map((key) => ({ at, reason: `the placeholder {${key}} names no entry` })),
        ...files.map((key) => ({
          at,
          reason: `{${key}} is a certificate, which no text can hold`,
        })),
        ...strange.map((filter) => ({ at, reason: unknownFilter(filter) })),
      ]
    }),
  )
}

/** Whether the type of authentication itself knows what stands there. */
function isOwn(authentication: Authentication, key: string): boolean {
  const own = typeOf(authentication).own ?? []
  return own.some((name) => (name.endsWith('.') ? key.startsWith(name) : key === name))
}

function findAuthenticationFaults(element: Element): Fault[] {
  const { entries, authentications } = element
  return authentications.flatMap((authentication, index) => {
    const at = `/authentications/${index}`
    const faults: Fault[] = []
    const { certificate } = authentication
    if ('headers' in authentication) {
      faults.push(...findHeaderFaults(authentication.headers, `${at}/headers`))
    }
    if (authentication.type === 'apiKey' && authentication.in === 'header') {
      const { parameter } = authentication
      faults.push(...findHeaderFaults({ [parameter]: '' }, `${at}/parameter`))
    }
    if (authentication.type === 'oauth2') {
      faults.push(...findOAuth2Faults(element, authentication, at))
    }
    if (authentication.type === 'oauth1') {
      faults.push(...findOAuth1Faults(element, authentication, at))
    }
    if (certificate !== undefined) {
      const entry = entries.find(({ key }) => key === certificate)
      if (entry?.type !== 'certificate') {
        faults.push({ at: `${at}/certificate`, reason: 'must be an entry of type certificate' })
      }
    }
    if (authentication.baseUrl !== undefined) {
      faults.push(...findAddressFaults(element, authentication.baseUrl, `${at}/baseUrl`))
    }
    for (const key of new Set(placeholdersIn(authentication))) {
      const entry = entries.find((one) => one.key === key)
      if (entry?.authentications && !entry.authentications.includes(keyOf(authentication))) {
        faults.push({ at, reason: `needs {${key}}, which is for other authentications` })
      }
    }
    return faults
  })
}

function findSettingFaults({ settings }: Element): Fault[] {
  const { timeZone, dateFormat } = settings ?? {}
  const faults: Fault[] = []
  if (timeZone !== undefined && !isTimeZone(timeZone)) {
    faults.push({ at: '/settings/timeZone', reason: 'is no IANA time zone' })
  }
  const reason = dateFormat === undefined ? undefined : findDateFormatFault(dateFormat)
  if (reason) faults.push({ at: '/settings/dateFormat', reason })
  return faults
}

function filtersIn(template: string): string[] {
  return splitTemplate(template).flatMap(({ filters }) => filters)
}

function unknownFilter(written: string): string {
  return `"${written}" is no filter, or has not what it needs; there are ${filterNames.join(', ')}`
}

/** Members that hold no templates. */
const plainTexts = new Set(['name', 'help', 'rules', 'ended', 'providerMessage', 'filter'])

/** Every template inside a part of a definition, by its JSON Pointer. */
function templatesIn(part: unknown, at: string): { at: string; text: string }[] {
  if (typeof part === 'string') return [{ at, text: part }]
  if (part === null || typeof part !== 'object') return []
  return Object.entries(part).flatMap(([name, member]) =>
    plainTexts.has(name)
      ? []
      : templatesIn(member, `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  )
}
