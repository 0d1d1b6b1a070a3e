import type pg from 'pg'
import type { Principal } from '../access/store.ts'
import { keyOf } from '../authentication/authentication.ts'
import type { Context } from '../context.ts'
import { isReferenced, mayBeStored } from '../database/failure.ts'
import type { Element } from '../definition/element.ts'
import { install } from '../elements/install.ts'
import { Refusal } from '../http/errors.ts'
import { appGone } from '../oauth/app-permission.ts'
import type { ConsentAsked } from '../oauth/consent.ts'
import { originsOf } from '../probe/request.ts'
import { createToken, tokenEntry } from '../vault/token.ts'
import { caller } from '../vault/vault.ts'
import { showInstance } from './answer.ts'
import { readCredentials } from './credentials.ts'
import { type Imported, requireMeantThere, sessionFrom } from './imported.ts'
import { findElement, findStrangers, readTexts } from './request.ts'
import type { ElementInstanceRequest, Instance } from './schema.ts'
import { keepSettings } from './settings.ts'
import {
  type ClaimCompletion,
  type InstanceRecord,
  type InstanceTimes,
  insertInstance,
  ownerOf,
} from './store.ts'
import { firstLife } from './token-life.ts'
import { tokenSecrets, tokensEntry } from './tokens.ts'
import { draft, type Verified, verify } from './verify.ts'

export interface ProvisionRequest {
  principal: Principal
  requestId: string
  /** Where the request came from. */
  address: string
  /** From the path, where it names the element. */
  keyInPath: string | undefined
  body: ElementInstanceRequest
  /** Where our own callback took the redirect of a consent. */
  connect?: ConsentAsked['connect']
  /** The connect session that ends with it. */
  session?: { id: number; over(): Refusal } | undefined
  /** What it brings along from another installation; never with a claim or a session. */
  imported?: Imported | undefined
  /** Told as soon as it is known, also where the request ends in a refusal. */
  note(known: { instanceId?: number; elementKey?: string }): void
}

/** A claim on an idempotency key; see `once`. */
export interface HeldClaim {
  /** By the database's clock. */
  now(): Date
  /** What stores the answer together with the instance. */
  keep(answer: Instance, at: Date): ClaimCompletion
  /** For where somebody else has taken the claim over. */
  lost(): Refusal
}

/**
 * Provisions an instance: only a configuration that is complete, and that the vendor accepts, is
 * stored, and what is stored is stored whole.
 * @throws {Refusal} for everything else, with nothing stored
 */
export async function provision(
  context: Context,
  request: ProvisionRequest,
  claim?: HeldClaim,
): Promise<Instance> {
  const { metrics, traces } = context
  const work = () => checkAndStore(context, request, claim)
  const state = (instance: Instance) => ({ 'latchkey.state': instance.state })
  try {
    const instance = await (traces ? traces.around('provision', {}, work, state) : work())
    metrics.provisioned(instance.state)
    return instance
  } catch (error) {
    metrics.provisioned(error instanceof Refusal ? error.code : 'internal')
    throw error
  }
}

async function checkAndStore(
  context: Context,
  request: ProvisionRequest,
  claim?: HeldClaim,
): Promise<Instance> {
  const { body, principal, note, requestId, address, imported } = request
  const { organizationId, user } = principal
  const found = await findElement(context.elements, organizationId, request.keyInPath, body)
  const { element, version } = found
  note({ elementKey: element.key })
  const texts = readTexts(body)
  const given = await readCredentials(context, request, element)
  const { credentials, configuration, certificates, app, consent, warnings } = given
  const { authentication, values } = credentials
  if (imported) requireMeantThere(element, imported, originsOf(element, authentication, values))
  const { session: begun, ...state }: Verified =
    body.verify === false
      ? draft
      : await verify(context, organizationId, credentials, configuration.first, consent?.take)
  const session = begun ?? (imported?.tokens && sessionFrom(imported.tokens))
  const discovered = [...new Map([...(imported?.told ?? []), ...state.discovered])]

  const { secret = [], open = [] } = Object.groupBy(discovered, ([key]) =>
    credentials.secretKeys.has(key) ? 'secret' : 'open',
  )
  const id = await context.instanceIds.next()
  note({ instanceId: id })
  const record: InstanceRecord = {
    organizationId,
    id,
    userId: user.id,
    elementId: element.id,
    elementVersion: version,
    ...texts,
    configuration: { ...configuration.plain, ...Object.fromEntries(open) },
    authenticationType: keyOf(authentication),
    oauthAppId: app?.id ?? null,
    settings: keepSettings(body.settings ?? {}),
    warnings: [...warnings, ...findStrangers(body)],
    externalId: body.externalId ?? null,
    externalAuthentication: body.externalAuthentication ?? 'none',
    state: state.state,
    stateReason: state.stateReason,
  }
  const token = createToken('instance', organizationId)
  const known = new Map([...values, ...discovered])
  const origins = originsOf(element, authentication, known)
  if (imported) requireMeantThere(element, imported, origins)
  const obtained = tokenSecrets(authentication, values, session)
  const kept = new Map([...configuration.secrets, ...secret, ...certificates.files, ...obtained])
  const secrets = await sealAll(context, record, element, kept, origins, token)
  const storing = {
    record,
    secrets,
    certificateIds: certificates.ids,
    token: context.vault.hash(token),
    tokens: firstLife(context.jobs, { organizationId, instanceId: id }, authentication, session),
    requestId,
    address,
    connectSessionId: request.session?.id,
    alongside: imported && ((client: pg.PoolClient) => imported.alongside(client, id)),
  }
  const show = (times: InstanceTimes) =>
    showInstance({
      record: { ...record, ...times, disabled: false },
      element,
      user,
      secretKeys: kept.keys(),
      token,
    })
  await install(context, { organizationId, userId: user.id, requestId, address }, found)
  try {
    if (!claim) {
      const times = await insertInstance(context.db, storing)
      if (!times) throw request.session!.over()
      return show(times)
    }
    const at = claim.now()
    const verifiedAt = record.state === 'verified' ? at : null
    const answer = show({ createdAt: at, updatedAt: at, stateSince: at, verifiedAt })
    const completing = { ...storing, claim: claim.keep(answer, at) }
    if (!(await insertInstance(context.db, completing))) throw claim.lost()
    return answer
  } catch (error) {
    if (mayBeStored(error)) throw unknownOutcome()
    if (app && isReferenced(error)) throw appGone()
    if (certificates.ids.length > 0 && isReferenced(error)) throw certificateGone()
    throw found.own && isReferenced(error) ? elementGone(element) : error
  }
}

/** Between the look at it and the moment of storing; so with certificates. */
function elementGone({ key }: Element): Refusal {
  return new Refusal('element-not-found', `The element "${key}" was deleted meanwhile.`)
}

function certificateGone(): Refusal {
  return new Refusal(
    'certificate-not-found',
    'The certificate was deleted meanwhile. Name another one.',
  )
}

export function unknownOutcome(): Refusal {
  return new Refusal('outcome-unknown', {
    message:
      'The database did not answer: the instance may have been stored, or not. Ask again with the same Idempotency-Key, if you sent one; otherwise look before you send it again.',
    retryAfter: 5,
  })
}

async function sealAll(
  { vault }: Pick<Context, 'vault'>,
  record: InstanceRecord,
  element: Element,
  secrets: ReadonlyMap<string, string>,
  origins: string[],
  token: string,
) {
  const owner = ownerOf(record.id)
  const seal = await vault.sealerOf(record.organizationId)
  const own = new Set([...element.entries.map((entry) => entry.key), tokensEntry])
  const keep = (entry: string, origins: string[], plaintext: string) => ({
    entry,
    origins,
    ...seal({ owner, entry, secretVersion: 1, origins }, plaintext),
  })
  // A universal entry is no concern of the vendor's.
  const sealed = [...secrets].map(([entry, secret]) =>
    keep(entry, own.has(entry) ? origins : [], secret),
  )
  return [...sealed, keep(tokenEntry, [caller], token)]
}
