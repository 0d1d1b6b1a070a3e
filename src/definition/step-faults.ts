import type { Authentication } from '../authentication/authentication.ts'
import { loginOf } from '../authentication/login.ts'
import { connectionHeaders } from '../egress/request.ts'
import type { Step } from '../exchange/step.ts'
import { placeholdersIn } from '../exchange/template.ts'
import { isFromRedirect } from './consent-faults.ts'
import type { Element } from './element.ts'
import type { Fault } from './faults.ts'
import { isTakenFor, viewOf } from './view.ts'

const headerName = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i
const placeholder = /\{[A-Za-z][^{}]*\}/g

interface PlacedStep {
  step: Step & { authentications?: string[] }
  at: string
  /** Where its base stands. */
  baseAt: string
  isLogin: boolean
  /** The authentication that a login is of. */
  of?: Authentication
  /** All that is sent with it, but its address. */
  sent: unknown
}

/** Every step of a definition, logins first, in the order in which they are taken. */
export function stepsOf({ authentications, probes }: Element): PlacedStep[] {
  const logins = authentications.flatMap((authentication, index): PlacedStep[] => {
    const login = loginOf(authentication)
    if (!login) return []
    const { step } = login
    const of = authentication
    const place = `/authentications/${index}`
    if (authentication.type === 'oauth2') {
      const { headers, query, extract, baseUrl, ...sent } = authentication
      return [{ step, at: place, baseAt: `${place}/tokenUrl`, isLogin: true, of, sent }]
    }
    if (authentication.type === 'oauth1') {
      const { extract, baseUrl, ...sent } = authentication
      return [{ step, at: place, baseAt: `${place}/accessTokenUrl`, isLogin: true, of, sent }]
    }
    const at = `${place}/login`
    return [{ step, at, baseAt: `${at}/base`, isLogin: true, of, sent: partsOf(step) }]
  })
  const placed = (probes ?? []).map((step, index) => {
    const at = `/probes/${index}`
    return { step, at, baseAt: `${at}/base`, isLogin: false, sent: partsOf(step) }
  })
  return [...logins, ...placed]
}

function partsOf({ path, query, headers, body }: Step): unknown[] {
  return [path, query, headers, body]
}

/** Whether each step can be sent, succeed, and yield what later ones need. */
export function findStepFaults(element: Element): Fault[] {
  const { authentications } = element
  const steps = stepsOf(element)
  const faults = findAddressFaults(element, element.baseUrl, '/baseUrl')
  faults.push(...findHeaderFaults(element.headers, '/headers'))
  for (const placed of steps) {
    faults.push(...findRequestFaults(element, placed), ...findExtractFaults(element, placed))
  }
  const early = authentications.flatMap((one) => findEarlyUses(element, one, steps))
  const byText = new Map(early.map((fault) => [JSON.stringify(fault), fault]))
  return [...faults, ...byText.values()]
}

/** What a step needs before another one has found it. */
function findEarlyUses(
  element: Element,
  authentication: Authentication,
  steps: readonly PlacedStep[],
): Fault[] {
  const { baseUrl, entries } = viewOf(element, authentication)
  const given = entries.filter(
    ({ key, discovered }) => !discovered || isFromRedirect([authentication], key),
  )
  const known = new Set(given.map(({ key }) => key))
  const faults: Fault[] = []
  for (const { step, at, sent } of steps.filter((one) => isTaken(one, authentication))) {
    for (const key of new Set(placeholdersIn([step.base ?? baseUrl, sent]))) {
      if (!known.has(key) && entries.some((entry) => entry.key === key)) {
        faults.push({ at, reason: `needs {${key}} before any step has extracted it` })
      }
    }
    for (const key of Object.keys(step.extract ?? {})) known.add(key)
  }
  return faults
}

function isTaken({ step, of }: PlacedStep, authentication: Authentication): boolean {
  return of ? of === authentication : isTakenFor(step, authentication)
}

/** Whether an address leads where the definition, and nobody else, says. */
export function findAddressFaults({ entries }: Element, address: string, at: string): Fault[] {
  const entryOf = new Map(entries.map((entry) => [entry.key, entry]))
  const used = placeholdersIn(address).flatMap((key) => entryOf.get(key) ?? [])
  const [server, ...more] = used.filter(({ type }) => type === 'url')
  const [, scheme, begin] = /^(https?:\/\/)?(?:\{([^}|]+)[^}]*\})?/.exec(address)!
  const beginning = entryOf.get(begin ?? '')
  const faults: Fault[] = []
  if (server ? beginning !== server || scheme : !scheme || beginning?.type === 'path') {
    faults.push({ at, reason: 'must start with an entry of type url, or with a scheme and host' })
  } else if (more.length > 0) {
    faults.push({ at, reason: 'must hold one entry of type url at most' })
  } else if (server) {
    const rest = address.replace(/^\{[^}]*\}/, '')
    const next = entryOf.get(/^\{([^}|]+)/.exec(rest)?.[1] ?? '')
    // Anything else would become a part of the host's name.
    if (rest !== '' && !rest.startsWith('/') && next?.type !== 'path') {
      faults.push({ at, reason: 'must go on with a slash or an entry of type path' })
    }
  }
  if (/[?#@\\{}]/.test(address.replace(placeholder, ''))) {
    faults.push({ at, reason: 'must not hold "?", "#", "@", "\\" or a stray brace' })
  }
  if (placeholdersIn(address).some((key) => key.startsWith('session.'))) {
    faults.push({ at, reason: 'must not hold a value of a session: make it a discovered entry' })
  }
  const host = /^https?:\/\/([^/]*)/.exec(address)?.[1] ?? ''
  const told = placeholdersIn(host).find((key) => entryOf.get(key)?.discovered)
  // Else the vendor's answer would choose where credentials go.
  if (told && !/\.[a-z0-9-]+\.[a-z]{2,}(:\d+)?$/i.test(host.slice(host.lastIndexOf('}') + 1))) {
    const reason = `{${told}} is what the vendor tells: a domain has to stand behind it, or make it an entry of type url`
    faults.push({ at, reason })
  }
  for (const { key } of used.filter(({ secret }) => secret)) {
    faults.push({ at, reason: `must not hold the secret {${key}}: addresses are shown` })
  }
  return faults
}

function findRequestFaults(element: Element, { step, at, baseAt, isLogin }: PlacedStep): Fault[] {
  const faults = findHeaderFaults(step.headers, `${at}/headers`)
  if (step.base !== undefined) faults.push(...findAddressFaults(element, step.base, baseAt))
  if (step.path?.split('/').some((segment) => /^(\.|%2e){1,2}$/i.test(segment))) {
    faults.push({ at: `${at}/path`, reason: 'must not leave the base URL' })
  }
  if (/^(GET|HEAD)$/.test(step.method) && step.body) {
    faults.push({ at: `${at}/body`, reason: `a ${step.method} has none` })
  }
  const isSigned = step.authenticate !== false && !isLogin
  const signing = element.authentications.filter((one) => isSigned && isTakenFor(step, one))
  for (const authentication of signing) {
    const reason = findBodyFault(step, authentication)
    if (reason) faults.push({ at: `${at}/body`, reason })
  }
  if (!step.rules.some(({ verdict }) => verdict === 'verified')) {
    faults.push({ at: `${at}/rules`, reason: 'no rule says when it is verified' })
  }
  return faults
}

/** Whether a type of authentication finds the body that it puts credentials into. */
function findBodyFault({ method, body }: Step, authentication: Authentication): string | undefined {
  const { type } = authentication
  const needsEnvelope =
    type === 'soap' ||
    type === 'usernameToken' ||
    (type === 'session' && authentication.soapHeader !== undefined)
  if (needsEnvelope && !(body && 'xml' in body)) {
    return `${type} needs an envelope to put credentials in`
  }
  if (type !== 'body') return undefined
  const reason = 'body needs a POST or PUT, of JSON or a form, to put credentials in'
  return /^(POST|PUT)$/.test(method) && !(body && 'xml' in body) ? undefined : reason
}

export function findHeaderFaults(headers: Record<string, string> | undefined, at: string): Fault[] {
  const names = Object.keys(headers ?? {})
  const lower = names.map((name) => name.toLowerCase())
  return [
    ...names
      .filter((name) => !headerName.test(name))
      .map((name) => ({ at, reason: `"${name}" is no name of a header` })),
    ...names
      .filter((name, index) => lower.indexOf(name.toLowerCase()) !== index)
      .map((name) => ({ at, reason: `"${name.toLowerCase()}" is there twice` })),
    ...names
      .filter((name) => connectionHeaders.has(name.toLowerCase()))
      .map((name) => ({ at, reason: `"${name}" belongs to the connection and is never sent` })),
  ]
}

function findExtractFaults({ entries }: Element, { step, at, isLogin }: PlacedStep): Fault[] {
  return Object.entries(step.extract ?? {}).flatMap(([key, extraction]) => {
    const place = `${at}/extract/${key}`
    const { json, xml, form, header, among, where } = extraction
    const ways = [json ?? among, xml, form, header].filter((one) => one !== undefined)
    const faults: Fault[] = []
    if (ways.length !== 1) {
      faults.push({ at: place, reason: 'must be found in one way: json, xml, form or header' })
    }
    if (where && among === undefined) {
      faults.push({ at: `${place}/where`, reason: 'chooses among several: say among which' })
    }
    const isSession = key.startsWith('session.') && isLogin
    if (!isSession && !entries.some((entry) => entry.key === key && entry.discovered)) {
      faults.push({ at: place, reason: 'must be an entry that is discovered' })
    }
    return faults
  })
}
