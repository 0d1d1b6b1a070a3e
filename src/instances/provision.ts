import type { Principal } from '../access/store.ts'
import type { Authentication } from '../authentication/authentication.ts'
import type { Values } from '../authentication/request.ts'
import { RenderError } from '../authentication/template.ts'
import type { Context } from '../context.ts'
import { baseUrlOf } from '../elements/base-url.ts'
import type { ElementVersion } from '../elements/catalog.ts'
import { type CheckedConfiguration, checkConfiguration } from '../elements/configuration.ts'
import type { Element } from '../elements/element.ts'
import { type ProblemCode, Refusal } from '../http/errors.ts'
import { showKey } from '../http/show-key.ts'
import { type ProbeResult, probeVendor } from '../probe/probe.ts'
import { createToken, tokenEntry } from '../vault/token.ts'
import { caller } from '../vault/vault.ts'
import { showInstance } from './answer.ts'
import { stripMarkup } from './markup.ts'
import { type ElementInstanceRequest, type Instance, InstanceRequest } from './schema.ts'
import { checkSettings, findUnknownSettings } from './settings.ts'
import { type InstanceRecord, insertInstance, ownerOf } from './store.ts'

export type ProvisionContext = Pick<
  Context,
  'db' | 'vault' | 'catalog' | 'egress' | 'admission' | 'instanceIds' | 'probeDeadlineMs'
>

export interface ProvisionRequest {
  principal: Principal
  requestId: string
  /** From the path, where it names the element. */
  elementKey: string | undefined
  body: ElementInstanceRequest
  noted: { instanceId?: number; elementKey?: string }
}

/** Stores a provisioned instance and answers what the caller is told; see `storeOnce` for the other way. */
export type Store = (
  insert: (queries: Parameters<typeof insertInstance>[0]) => Promise<Instance>,
) => Promise<Instance>

/**
 * Provisions an instance: only a configuration that is complete, and that the vendor accepts, is
 * stored, and what is stored is stored whole.
 * @throws {Refusal} for everything else, with nothing stored
 */
export async function provision(
  context: ProvisionContext,
  request: ProvisionRequest,
  store: Store = (insert) => insert(context.db.pool),
): Promise<Instance> {
  const { body, principal, noted } = request
  const { element, version } = findElement(context, request)
  noted.elementKey = element.key
  const texts = checkTexts(body)
  const settings = checkSettings(body.settings ?? {})
  const authentication = chooseAuthentication(element, body)
  const configuration = readConfiguration(element, body)
  const baseUrl = renderable(() => baseUrlOf(element, configuration.values))
  const state =
    body.verify === false
      ? draft
      : await verify(context, principal.organizationId, {
          element,
          authentication,
          baseUrl,
          values: configuration.values,
          secretKeys: new Set(configuration.secrets.keys()),
        })

  const id = await context.instanceIds.next()
  noted.instanceId = id
  const record: InstanceRecord = {
    organizationId: principal.organizationId,
    id,
    userId: principal.user.id,
    elementId: element.id,
    elementVersion: version,
    ...texts,
    configuration: configuration.plain,
    authenticationType: authentication.type,
    settings,
    warnings: [...configuration.warnings, ...findStrangers(body)],
    externalId: body.externalId ?? null,
    externalAuthentication: body.externalAuthentication ?? 'none',
    ...state,
  }
  const token = createToken('instance', principal.organizationId)
  const secrets = await sealAll(context, record, element, configuration, baseUrl.origin, token)
  return store(async (queries) => {
    const { requestId } = request
    const times = await insertInstance(queries, {
      record,
      secrets,
      token: context.vault.hash(token),
      requestId,
    })
    return showInstance({
      record: { ...record, ...times, disabled: false },
      element,
      user: principal.user,
      secretKeys: configuration.secrets.keys(),
      token,
    })
  })
}

function findElement({ catalog }: ProvisionContext, request: ProvisionRequest): ElementVersion {
  const { element } = request.body
  const named = element?.key ?? element?.id
  const fromPath = request.elementKey
  const asked = fromPath ?? (named === undefined ? undefined : String(named))
  if (asked === undefined) {
    const choices = catalog.elements.map((known) => known.element.key)
    const message = `Name the element, as in "element": { "key": "${choices[0]}" }.`
    throw new Refusal('element-missing', { message, choices })
  }
  const found = catalog.find(asked)
  if (!found) {
    const nearest = catalog.nearest(asked)
    throw new Refusal('element-not-found', {
      message:
        nearest.length > 0
          ? `There is no element "${asked}". Did you mean ${nearest.join(' or ')}?`
          : 'There is no element of that key or id.',
      choices: nearest.length > 0 ? nearest : catalog.elements.map((known) => known.element.key),
    })
  }
  const others = [element?.key, element?.id, fromPath].filter((other) => other !== undefined)
  if (others.some((other) => catalog.find(String(other)) !== found)) {
    throw new Refusal('body-invalid', {
      message: `The request names "${asked}" and another element: name one.`,
      invalid: [{ key: 'element', reason: `does not agree with "${asked}"` }],
    })
  }
  return found
}

function checkTexts({ name: givenName, tags, externalId }: ElementInstanceRequest) {
  const given = [givenName, externalId ?? '', ...(tags ?? [])]
  const invalid = ['name', 'externalId', ...(tags ?? []).map((_, at) => `tags.${at}`)]
    .filter((_, at) => !isStorable(given[at]!))
    .map((key) => ({ key, reason: 'has a character that cannot be stored' }))
  if (invalid.length > 0) {
    const keys = invalid.map(({ key }) => key).join(', ')
    const message = `Take NUL characters and halves of surrogate pairs out of ${keys}.`
    throw new Refusal('body-invalid', { message, invalid })
  }
  const name = stripMarkup(givenName)
  if (name === '') {
    throw new Refusal(
      'name-missing',
      'Nothing is left of the name without its markup. Give it a name.',
    )
  }
  const kept = (tags ?? [name]).map(stripMarkup).filter((tag) => tag !== '')
  return { name, tags: [...new Set(kept)] }
}

/** Whether PostgreSQL can keep it. */
function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}

function chooseAuthentication(element: Element, body: ElementInstanceRequest): Authentication {
  const inConfiguration = body.configuration?.['authentication.type']
  const asked = body.authentication?.type ?? inConfiguration ?? undefined
  const choices = element.authentications.map(({ type }) => type)
  if (inConfiguration !== undefined && inConfiguration !== null && inConfiguration !== asked) {
    throw new Refusal('authentication-unclear', {
      message: 'authentication.type is one thing, and another in the configuration: keep one.',
      choices,
    })
  }
  const [only, ...more] = element.authentications
  if (asked === undefined && more.length === 0) return only!
  const chosen = element.authentications.find(({ type }) => type === asked)
  if (chosen) return chosen
  throw new Refusal('authentication-unclear', {
    message: `Name a type of authentication that ${element.name} offers: "authentication": { "type": "${choices[0]}" }.`,
    choices,
  })
}

const maxValueBytes = 16 * 1024

function readConfiguration(element: Element, body: ElementInstanceRequest): CheckedConfiguration {
  const { 'authentication.type': _, ...given } = body.configuration ?? {}
  const large = Object.keys(given).find(
    (key) => Buffer.byteLength(String(given[key])) > maxValueBytes,
  )
  if (large !== undefined) {
    throw new Refusal('configuration-too-large', {
      message: `"${large}" is too long: a value may have at most 16 KiB.`,
      invalid: [{ key: large, reason: 'has more than 16 KiB' }],
    })
  }
  const checked = checkConfiguration(element, given)
  const { missing, unknown } = checked
  const invalid = [...checked.invalid]
  if (body.externalAuthentication === 'initial') {
    invalid.push({
      key: 'externalAuthentication',
      reason: `"initial" takes a refresh token along; ${element.name} does not use OAuth`,
    })
  }
  if (missing.length + invalid.length + unknown.length === 0) return checked
  throw refuseConfiguration({ missing, invalid, unknown })
}

function refuseConfiguration(found: {
  missing: { key: string; name: string }[]
  invalid: { key: string; reason: string }[]
  unknown: { key: string; nearest: string }[]
}): Refusal {
  const { missing, invalid, unknown } = found
  const sentences = [
    missing.length > 0 && `Add ${missing.map(({ key, name }) => `"${key}" (${name})`).join(', ')}.`,
    ...invalid.map(({ key, reason }) => `"${key}" ${reason}.`),
    ...unknown.map(({ key, nearest }) => `"${key}" is unknown: did you mean "${nearest}"?`),
  ]
  return new Refusal(missing.length > 0 ? 'configuration-incomplete' : 'configuration-invalid', {
    message: sentences.filter(Boolean).join(' '),
    missing: missing.length > 0 ? missing : undefined,
    invalid: invalid.length > 0 ? invalid : undefined,
    unknown: unknown.length > 0 ? unknown : undefined,
  })
}

function renderable<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof RenderError)) throw error
    const invalid = [{ key: error.key, reason: error.message }]
    throw refuseConfiguration({ missing: [], invalid, unknown: [] })
  }
}

const draft = {
  state: 'draft',
  stateReason: 'Stored without asking the vendor; verify it before it can be used.',
} as const

async function verify(
  context: ProvisionContext,
  organizationId: number,
  credentials: {
    element: Element
    authentication: Authentication
    baseUrl: URL
    values: Values
    secretKeys: ReadonlySet<string>
  },
): Promise<Pick<InstanceRecord, 'state' | 'stateReason'>> {
  const { element, baseUrl } = credentials
  const { probe } = element
  if (!probe) {
    const stateReason = `${element.name} offers nothing to check the credentials with; they are stored as given.`
    return { state: 'unverified', stateReason }
  }
  const result = await context.admission.run(organizationId, baseUrl.hostname, async () => {
    try {
      return await probeVendor(context.egress, probe, credentials, context.probeDeadlineMs)
    } catch (error) {
      return renderable(() => {
        throw error
      })
    }
  })
  const { verdict } = result
  if (verdict === 'verified') return { state: 'verified', stateReason: null }
  throw refuseVerdict(verdict, result)
}

const codeOfVerdict = {
  unverified: 'vendor-unexpected',
  rejected: 'credentials-rejected',
  insufficient: 'credentials-insufficient',
  misdirected: 'vendor-misdirected',
  throttled: 'vendor-throttled',
  unreachable: 'vendor-unreachable',
  late: 'vendor-late',
  unexpected: 'vendor-unexpected',
  forbidden: 'destination-forbidden',
} as const satisfies Record<string, ProblemCode>

function refuseVerdict(verdict: keyof typeof codeOfVerdict, result: ProbeResult): Refusal {
  const { message, providerMessage, retryAfter } = result
  const details = { message, providerMessage, retryAfter, probe: result.exchange() }
  return new Refusal(codeOfVerdict[verdict], details)
}

/** Members that clients send back from an answer, or that Cloud Elements knows and we need not. */
const harmless = new Set([
  'retrieveObjectsAfterInstantiation',
  'id',
  'token',
  'valid',
  'createdDate',
])

function findStrangers(body: ElementInstanceRequest) {
  const ofBody = Object.keys(body).filter(
    (key) => !Object.hasOwn(InstanceRequest.properties, key) && !harmless.has(key),
  )
  const ofSettings = findUnknownSettings(body.settings ?? {}).map((key) => `settings.${key}`)
  return [...ofBody, ...ofSettings].slice(0, 20).map((key) => ({
    key: showKey(key),
    message: 'is no member of this request and was ignored',
  }))
}

async function sealAll(
  { vault }: ProvisionContext,
  record: InstanceRecord,
  element: Element,
  configuration: CheckedConfiguration,
  origin: string,
  token: string,
) {
  const owner = ownerOf(record.id)
  const seal = await vault.sealerOf(record.organizationId)
  const own = new Set(element.entries.map((entry) => entry.key))
  const keep = (entry: string, origins: string[], plaintext: string) => ({
    entry,
    origins,
    ...seal({ owner, entry, secretVersion: 1, origins }, plaintext),
  })
  return [
    // A universal entry is no concern of the vendor's.
    ...[...configuration.secrets].map(([entry, secret]) =>
      keep(entry, own.has(entry) ? [origin] : [], secret),
    ),
    keep(tokenEntry, [caller], token),
  ]
}
