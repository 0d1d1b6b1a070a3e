import { type Authentication, keyOf } from '../authentication/authentication.ts'
import { callbackEntryOf, needsConsent } from '../authentication/consent.ts'
import type { Context } from '../context.ts'
import { isComputed } from '../definition/computed.ts'
import { isFor, type Scalar } from '../definition/configuration.ts'
import type { Element, Entry } from '../definition/element.ts'
import { typedPattern } from '../definition/value.ts'
import type { KnownElement } from '../elements/elements.ts'
import { drawImage } from '../elements/image.ts'
import { Refusal } from '../http/errors.ts'
import { getInstance } from '../instances/find.ts'
import { findApp } from '../oauth/app.ts'
import type { ConnectAuthentication, ConnectElement, ConnectEntry } from './page-schema.ts'
import { type Preset, presetFor, presetKeys } from './preset.ts'
import { type OpenSession, principalOf } from './session.ts'

type Needs = Pick<Context, 'db' | 'vault' | 'elements'>

/** What a customer fills in for one way to connect an element. */
export interface Form {
  known: KnownElement
  authentication: Authentication
  entries: Entry[]
  /** What an instance that is connected anew has already, and keeps where nothing else is given. */
  before: Record<string, Scalar>
}

/** All that the customer may choose among. */
export async function readForms(
  context: Needs,
  session: OpenSession,
  preset: Preset,
): Promise<Form[]> {
  const { organizationId, elements, request } = session
  const before = await findBefore(context, session)
  const type = before?.authentication.type ?? request.authentication?.type
  const found = await Promise.all(
    elements.map(({ id }) => context.elements.find(organizationId, String(id))),
  )
  const known = found.filter((one) => one?.active) as KnownElement[]
  const kept = Object.fromEntries(
    Object.entries(before?.configuration ?? {}).filter(([, value]) => value !== null),
  )
  const forms = known.flatMap((one) =>
    waysOf(one, type).map(async (authentication) => {
      const given = presetFor(one.element, preset)
      const hidden = await hiddenFrom(context, session, one.element, authentication, {
        preset: given,
        oauthAppId: before ? before.authentication.oauthAppId : request.authentication?.oauthAppId,
      })
      const entries = one.element.entries.filter(
        (entry) => isAsked(entry, authentication) && !hidden.has(entry.key),
      )
      return { known: one, authentication, entries: sortEntries(entries), before: kept }
    }),
  )
  return Promise.all(forms)
}

/** Of a definition that was changed meanwhile, what there is left. */
function waysOf({ element }: KnownElement, type: string | undefined): Authentication[] {
  return element.authentications.filter((one) => type === undefined || keyOf(one) === type)
}

function findBefore(context: Needs, session: OpenSession) {
  const { reconnects, instanceId } = session
  if (!reconnects || instanceId === null) return undefined
  return getInstance(context, principalOf(session), instanceId).then(({ instance }) => instance)
}

function isAsked(entry: Entry, authentication: Authentication): boolean {
  return !entry.hidden && !entry.inert && !isComputed(entry) && isFor(entry, authentication)
}

/** What is set beforehand, held by an app profile, or ours to say. */
async function hiddenFrom(
  context: Needs,
  session: OpenSession,
  element: Element,
  authentication: Authentication,
  { preset, oauthAppId }: { preset: Preset; oauthAppId: number | undefined },
): Promise<Set<string>> {
  const hidden = presetKeys(element, preset)
  const callback = 'callbackUrl' in authentication ? callbackEntryOf(authentication) : undefined
  if (callback !== undefined) hidden.add(callback)
  const app = await findApp(context, {
    principal: principalOf(session),
    element,
    authentication,
    configuration: preset,
    oauthAppId,
  }).catch(unlessRefused)
  for (const key of Object.keys(app?.given ?? {})) hidden.add(key)
  return hidden
}

/** Whatever is the matter with an app profile is told when it is used. */
function unlessRefused(error: unknown): undefined {
  if (!(error instanceof Refusal)) throw error
}

function sortEntries(entries: Entry[]): Entry[] {
  return entries
    .map((entry, place) => ({ entry, place: entry.order ?? place }))
    .sort((one, other) => one.place - other.place)
    .map(({ entry }) => entry)
}

/** The forms by their elements, as the page draws them. */
export function showForms(forms: readonly Form[]): ConnectElement[] {
  const byElement = Map.groupBy(forms, ({ known }) => known.element)
  return [...byElement].map(([element, those]) => ({
    key: element.key,
    id: element.id,
    name: element.name,
    description: element.description,
    configDescription: element.configDescription,
    image: `data:image/svg+xml,${encodeURIComponent(drawImage(element))}`,
    authentications: those.map(showForm),
  }))
}

function showForm({ authentication, entries, before }: Form): ConnectAuthentication {
  const { type, name, help = null } = authentication
  return {
    key: keyOf(authentication),
    type,
    name,
    help,
    consent: needsConsent(authentication),
    entries: entries.map((entry) => showEntry(entry, Object.hasOwn(before, entry.key))),
  }
}

function showEntry(entry: Entry, kept: boolean): ConnectEntry {
  return {
    key: entry.key,
    name: entry.name,
    type: entry.type,
    required: (entry.required ?? false) && !kept,
    kept,
    secret: (entry.secret ?? false) || entry.type === 'password',
    advanced: entry.advanced ?? false,
    help: entry.help ?? null,
    placeholder: entry.placeholder ?? null,
    pattern: typedPattern(entry),
    default: entry.default === undefined || entry.secret ? null : String(entry.default),
    options: (entry.options ?? []).map(({ value, name = value }) => ({ value, name })),
  }
}
