import { type Authentication, typeOf } from '../authentication/authentication.ts'
import { type Login, loginOf } from '../authentication/login.ts'
import type { CertificateSource } from '../authentication/send.ts'
import type { Element, Entry } from '../definition/element.ts'
import { viewOf } from '../definition/view.ts'
import { baseUrlOf } from '../exchange/address.ts'
import type { Values, VendorRequest } from '../exchange/request.ts'
import { renderStep, type Step } from '../exchange/step.ts'
import { RenderError } from '../exchange/template.ts'

/** What is tried: an element with one of its authentications and the values for both. */
export interface Credentials {
  element: Element
  authentication: Authentication
  values: Values
  secretKeys: ReadonlySet<string>
  certificateFor?: CertificateSource | undefined
}

/** One of the requests that prove credentials; `login` where it opens a session. */
export interface ProbeStep {
  step: Step
  login?: Login
}

/** A step's request, and as it is signed. */
export interface Prepared {
  request: VendorRequest
  signed: VendorRequest
}

/** What proves credentials, in order: the login where there is one, and the probes. */
export function stepsFor(element: Element, authentication: Authentication): ProbeStep[] {
  const { probes: taken = [] } = viewOf(element, authentication)
  const probes = taken.map((step) => ({ step }))
  const login = loginOf(authentication)
  return login ? [{ step: login.step, login }, ...probes] : probes
}

/**
 * Renders a step's request and signs it.
 * @throws {RenderError} for a value that cannot stand where the definition puts it
 */
export async function buildRequest(
  { step, login }: ProbeStep,
  { element, authentication }: Pick<Credentials, 'element' | 'authentication'>,
  values: Values,
): Promise<Prepared> {
  const request = renderStep(step, viewOf(element, authentication), values)
  if (login) return { request, signed: await login.sign(request, values) }
  if (step.authenticate === false) return { request, signed: request }
  return { request, signed: await typeOf(authentication).sign(request, authentication, values) }
}

/** A step's request as it may be shown. */
export function showableRequest(
  { step, login }: ProbeStep,
  { element, authentication }: Pick<Credentials, 'element' | 'authentication'>,
  masked: Values,
): VendorRequest {
  const request = renderStep(step, viewOf(element, authentication), masked)
  if (login) return login.mask(request, masked)
  if (step.authenticate === false) return request
  const type = typeOf(authentication)
  const show = type.mask ?? type.sign
  return show(request, authentication, masked) as VendorRequest
}

/** The origins that these credentials go to, as far as they are known yet. */
export function originsOf(
  element: Element,
  authentication: Authentication,
  values: Values,
): string[] {
  const bases = stepsFor(element, authentication).map(({ step }) => step.base)
  if (authentication.type === 'oauth1') bases.push(authentication.requestTokenUrl)
  if (authentication.type === 'oauth2') bases.push(authentication.refreshUrl)
  const { baseUrl: own, entries } = viewOf(element, authentication)
  const origins = [...new Set([own, ...bases.filter((base) => base !== undefined)])].flatMap(
    (baseUrl) => {
      try {
        return baseUrlOf({ baseUrl, entries }, values).origin
      } catch (error) {
        if (error instanceof RenderError) return []
        throw error
      }
    },
  )
  return [...new Set(origins)]
}

/**
 * Renders all that is sent to try credentials, with stand-ins for what steps find out. Answers the
 * first step's request, and every given value that cannot stand where the definition puts it: one
 * fault hides no other.
 */
export async function prepare(
  element: Element,
  authentication: Authentication,
  values: Values,
): Promise<{ first: Prepared | undefined; faults: { key: string; reason: string }[] }> {
  const steps = stepsFor(element, authentication)
  const view = viewOf(element, authentication)
  const awaited = [...standIns(element, steps), ...consentStandIns(element, authentication, values)]
  const tried = new Map([...awaited, ...values])
  const faults: { key: string; reason: string }[] = []
  for (;;) {
    try {
      // A step that names no address of its own tries it anyway.
      if (steps.every(({ step }) => step.base !== undefined)) baseUrlOf(view, tried)
      const prepared: Prepared[] = []
      for (const step of steps) {
        prepared.push(await buildRequest(step, { element, authentication }, tried))
      }
      return { first: faults.length === 0 ? prepared[0] : undefined, faults }
    } catch (error) {
      if (!(error instanceof RenderError)) throw error
      const { key, message: reason } = error
      if (faults.some((fault) => fault.key === key)) return { first: undefined, faults }
      faults.push({ key, reason })
      const entry = element.entries.find((one) => one.key === key)
      tried.set(key, entry ? standInFor(entry) : 'x')
    }
  }
}

/** What comes of a consent, where there is none yet. */
function consentStandIns(
  { entries }: Element,
  authentication: Authentication,
  values: Values,
): [string, string][] {
  if (!/^oauth[12]$/.test(authentication.type)) return []
  if ([...values.keys()].some((key) => key.startsWith('consent.'))) return []
  const names = ['code', 'verifier', 'requestToken', 'requestTokenSecret']
  const told = 'fromRedirect' in authentication ? authentication.fromRedirect : undefined
  return [
    ...names.map((name): [string, string] => [`consent.${name}`, 'x']),
    ...entries
      .filter(({ key }) => Object.hasOwn(told ?? {}, key))
      .map((entry): [string, string] => [entry.key, standInFor(entry)]),
  ]
}

function standIns(element: Element, steps: ProbeStep[]): [string, string][] {
  const keys = steps.flatMap(({ step }) => Object.keys(step.extract ?? {}))
  return keys.map((key) => {
    const entry = element.entries.find((one) => one.key === key)
    return [key, entry ? standInFor(entry) : 'x']
  })
}

function standInFor({ type, hosts, options }: Entry): string {
  if (options) return options[0]!.value
  if (type !== 'url') return 'x'
  return `https://${hosts?.[0]?.replace('*', 'x') ?? 'x.example'}`
}
