import type { TLocalizedValidationError } from 'typebox/error'
import type { Element, Entry } from './element.ts'

/** What is wrong with a definition, and where, as a JSON Pointer. */
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
  'validate',
])
/** It is no entry: in a configuration it chooses between the element's authentications. */
const choosingKey = 'authentication.type'
const placeholder = /\{([A-Za-z][A-Za-z0-9._-]*)\}/g
const headerName = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i

/** What no schema says: whether the parts of a definition fit each other. */
export function findFaults(element: Element): Fault[] {
  return [
    ...findKeyFaults(element),
    ...element.entries.flatMap((entry, at) => findEntryFaults(entry, `/entries/${at}`)),
    ...findStrangers(element),
    ...findBaseUrlFaults(element),
    ...findRequestFaults(element),
  ]
}

/** A schema's complaints, without those about the kinds that a part of the definition is not. */
export function explain(errors: TLocalizedValidationError[]): Fault[] {
  const others = errors.flatMap((error) => {
    if (error.keyword !== 'const' || !error.instancePath.endsWith('/type')) return []
    const place = error.instancePath.slice(0, -'/type'.length)
    const branch = error.schemaPath.slice(0, -'/properties/type'.length)
    return [{ place, branch, type: String(error.params.allowedValue) }]
  })
  const meant = errors.filter(
    ({ keyword, instancePath, schemaPath }) =>
      keyword !== 'additionalProperties' &&
      !others.some(
        ({ place, branch }) => isWithin(instancePath, place) && isWithin(schemaPath, branch),
      ),
  )
  return meant.flatMap(({ keyword, instancePath: at, message }) => {
    if (keyword === 'boolean') return { at, reason: 'is not known here' }
    if (keyword !== 'anyOf') return { at, reason: message }
    if (meant.some((error) => error.keyword !== 'anyOf' && isWithin(error.instancePath, at))) {
      return []
    }
    const types = others.filter(({ place }) => place === at).map(({ type }) => type)
    return { at: `${at}/type`, reason: `must be ${types.join(' or ')}` }
  })
}

function isWithin(path: string, outer: string): boolean {
  return path === outer || path.startsWith(`${outer}/`)
}

function findKeyFaults({ key, entries, authentications }: Element): Fault[] {
  const keys = entries.flatMap((entry) => [entry.key, ...(entry.aliases ?? [])])
  const types = authentications.map(({ type }) => type)
  return [
    ...(routeWords.has(key) ? [{ at: '/key', reason: `"${key}" is a word that routes use` }] : []),
    ...(keys.includes(choosingKey)
      ? [{ at: '/entries', reason: `"${choosingKey}" chooses between authentications` }]
      : []),
    ...twice(keys).map((twin) => ({ at: '/entries', reason: `"${twin}" is there twice` })),
    ...twice(types).map((twin) => ({ at: '/authentications', reason: `"${twin}" is there twice` })),
  ]
}

function twice(words: string[]): string[] {
  return [...new Set(words.filter((word, at) => words.indexOf(word) !== at))]
}

function findEntryFaults(entry: Entry, at: string): Fault[] {
  const { type, secret, default: preset, defaultPath } = entry
  const faults: Fault[] = []
  if (type === 'password' && !secret) {
    faults.push({ at, reason: 'a password has to be secret' })
  }
  if (preset !== undefined) {
    const wanted = type === 'number' || type === 'boolean' ? type : 'string'
    // It would be the same for everyone, and stand in every answer.
    if (secret) faults.push({ at: `${at}/default`, reason: 'a secret cannot have a default' })
    else if (typeof preset !== wanted) {
      faults.push({ at: `${at}/default`, reason: `must be ${wanted}` })
    }
  }
  if (defaultPath !== undefined && type !== 'url') {
    faults.push({ at: `${at}/defaultPath`, reason: 'is for entries of type url' })
  }
  return faults
}

/** Placeholders that name no entry, wherever values are put in. */
function findStrangers({ entries, baseUrl, authentications, probe }: Element): Fault[] {
  const keys = new Set(entries.map((entry) => entry.key))
  const { path, query, headers, body } = probe ?? {}
  const places = { '/baseUrl': baseUrl, '/authentications': authentications, '/probe/path': path }
  const inProbe = { '/probe/query': query, '/probe/headers': headers, '/probe/body': body }
  return Object.entries({ ...places, ...inProbe }).flatMap(([at, template]) =>
    [...(JSON.stringify(template) ?? '').matchAll(placeholder)]
      .filter(([, key = '']) => !keys.has(key))
      .map(([, key]) => ({ at, reason: `the placeholder {${key}} names no entry` })),
  )
}

function findBaseUrlFaults({ baseUrl, entries }: Element): Fault[] {
  const at = '/baseUrl'
  const entryOf = new Map(entries.map((entry) => [entry.key, entry]))
  const used = [...baseUrl.matchAll(placeholder)].flatMap(([, key]) => entryOf.get(key!) ?? [])
  const [server, ...more] = used.filter(({ type }) => type === 'url')
  const [, scheme, begin] = /^(https?:\/\/)?(?:\{([^}]+)\})?/.exec(baseUrl)!
  const beginning = entryOf.get(begin ?? '')
  const faults: Fault[] = []
  if (server ? beginning !== server || scheme : !scheme || beginning?.type === 'path') {
    faults.push({ at, reason: 'must start with an entry of type url, or with a scheme and host' })
  } else if (more.length > 0) {
    faults.push({ at, reason: 'must hold one entry of type url at most' })
  } else if (server) {
    const rest = baseUrl.slice(server.key.length + 2)
    const next = entries.find(({ key }) => rest.startsWith(`{${key}}`))
    // Anything else would become a part of the host's name.
    if (rest !== '' && !rest.startsWith('/') && next?.type !== 'path') {
      faults.push({ at, reason: 'must go on with a slash or an entry of type path' })
    }
  }
  if (/[?#@\\{}]/.test(baseUrl.replace(placeholder, ''))) {
    faults.push({ at, reason: 'must not hold "?", "#", "@", "\\" or a stray brace' })
  }
  for (const { key } of used.filter(({ secret }) => secret)) {
    faults.push({ at, reason: `must not hold the secret {${key}}: addresses are shown` })
  }
  return faults
}

function findRequestFaults({ authentications, probe }: Element): Fault[] {
  if (!probe) return []
  const faults: Fault[] = []
  const names = Object.keys(probe.headers ?? {})
  for (const name of names.filter((one) => !headerName.test(one))) {
    faults.push({ at: '/probe/headers', reason: `"${name}" is no name of a header` })
  }
  for (const name of twice(names.map((one) => one.toLowerCase()))) {
    faults.push({ at: '/probe/headers', reason: `"${name}" is there twice` })
  }
  if (probe.path.split('/').some((segment) => /^(\.|%2e){1,2}$/i.test(segment))) {
    faults.push({ at: '/probe/path', reason: 'must not leave the base URL' })
  }
  if (probe.method === 'GET' && probe.body) {
    faults.push({ at: '/probe/body', reason: 'a GET has none' })
  }
  const needsXml = authentications.some(({ type }) => type === 'soap')
  if (needsXml && !(probe.body && 'xml' in probe.body)) {
    faults.push({ at: '/probe/body', reason: 'soap needs an envelope to put credentials in' })
  }
  return faults
}
