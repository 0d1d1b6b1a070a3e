import { type Authentication, keyOf } from '../authentication/authentication.ts'
import type { Element } from '../definition/element.ts'
import type { Step } from '../exchange/step.ts'

/** What a vendor's OpenAPI document says of one request. */
export interface CheckedOperation {
  method: string
  /** With the path of its server; `{…}` is any one segment. */
  path: string
  /** Such as `http basic`, `apiKey header X-API-Key` or `oauth2`; empty where it says nothing. */
  security: string[]
  statuses: string[]
  /** Of the body. */
  fields?: string[]
}

export interface CheckedDocument {
  title: string
  version: string
  /** In the package that it was taken from. */
  file: string
  /** Where that got it. */
  origin?: string
  operations: CheckedOperation[]
}

export interface OpenApiFacts {
  source: string
  /** By an element's key. */
  documents: Record<string, CheckedDocument>
}

interface Request {
  step: Step
  /** The authentications that it is signed with. */
  signed: Authentication[]
}

/** Where a definition and the vendor's document differ; both must say the same of every probe. */
export function findDifferences(element: Element, { operations }: CheckedDocument): string[] {
  const logins = element.authentications.flatMap((one) =>
    one.type === 'session' ? [{ step: one.login, signed: [] }] : [],
  )
  const probes = (element.probes ?? []).map((step) => ({
    step,
    signed: step.authenticate === false ? [] : element.authentications.filter(isDocumented),
  }))
  const matching = (operation: CheckedOperation, { step }: Request) =>
    step.method === operation.method && isSamePath(element, step, operation.path)
  const missing = (probes.length > 0 ? probes : logins).filter(
    (request) =>
      !isForSome(request) && !operations.some((operation) => matching(operation, request)),
  )
  return [
    ...missing.map(({ step }) => `the document has no ${step.method} ${step.path ?? ''}`),
    ...operations.flatMap((operation) => {
      const requests = [...logins, ...probes].filter((one) => matching(operation, one))
      const place = `${operation.method} ${operation.path}`
      if (requests.length === 0) return [`nothing asks for ${place}`]
      return requests.flatMap((one) => differences(operation, one).map((it) => `${place} ${it}`))
    }),
  ]
}

/** Consents stand in a vendor's guides, and seldom in its document. */
function isDocumented(authentication: Authentication): boolean {
  return !('authorizeUrl' in authentication)
}

/** What only one of the ways to authenticate takes belongs to the same guides. */
function isForSome({ step }: { step: Step & { authentications?: string[] } }): boolean {
  return step.authentications !== undefined
}

function differences(operation: CheckedOperation, { step, signed }: Request): string[] {
  const { security, statuses, fields } = operation
  const hopedFor = step.rules
    .filter(({ verdict }) => verdict === 'verified')
    .flatMap(({ when }) => when.status ?? [])
  const strangers = fieldsOf(step).filter((name) => fields && !fields.includes(name))
  return [
    ...hopedFor
      .filter((status) => !statuses.some((one) => one.toLowerCase() === String(status)))
      .map((status) => `answers no ${status}`),
    ...strangers.map((name) => `has no field ${name}`),
    ...signed
      .filter((authentication) => !isStated(authentication, security, fields))
      .map((authentication) => `takes ${security.join(', ')}, not ${keyOf(authentication)}`),
  ]
}

function fieldsOf({ body }: Step): string[] {
  if (!body || 'xml' in body) return []
  return Object.keys(('form' in body ? body.form : body.json) as object)
}

/** Whether the document states a way to sign that this is; where it states none, any is. */
function isStated(
  authentication: Authentication,
  security: readonly string[],
  fields: readonly string[] = [],
): boolean {
  const states = (...ways: string[]) =>
    security.some((one) => ways.some((way) => way.toLowerCase() === one.toLowerCase()))
  if (authentication.type === 'body') {
    return Object.keys(authentication.fields).every((name) => fields.includes(name))
  }
  if (security.length === 0) return true
  if (authentication.type === 'basic') return states('http basic')
  if (authentication.type === 'apiKey') {
    return states(`apiKey ${authentication.in} ${authentication.parameter}`)
  }
  const names = 'headers' in authentication ? Object.keys(authentication.headers ?? {}) : []
  if (authentication.type === 'headers') {
    return names.every((name) => states(`apiKey header ${name}`))
  }
  return states('http bearer', 'oauth2', 'apiKey header Authorization')
}

function isSamePath({ entries, baseUrl }: Element, step: Step, documented: string): boolean {
  const base = step.base ?? baseUrl
  const [, key] = /^\{([^}|]+)[^}]*\}/.exec(base) ?? []
  // Where it begins with an address that is given, that may have a path too.
  const isOpen = entries.some((entry) => entry.key === key && entry.type === 'url')
  const own = segmentsOf(`${base.replace(/^(\w+:\/\/[^/]*|\{[^}]*\})/, '')}/${step.path ?? ''}`)
  const theirs = segmentsOf(documented)
  const skipped = theirs.length - own.length
  if (skipped < 0 || (skipped > 0 && !isOpen)) return false
  return own.every((segment, at) => {
    const other = theirs[at + skipped]!
    return segment === other || segment.includes('{') || /^\{.*\}$/.test(other)
  })
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '')
}
