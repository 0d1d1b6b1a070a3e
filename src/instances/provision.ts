import type { Principal } from '../access/store.ts'
import type { Context } from '../context.ts'
import { mayBeStored } from '../database/failure.ts'
import type { CheckedConfiguration } from '../elements/configuration.ts'
import type { Element } from '../elements/element.ts'
import { Refusal } from '../http/errors.ts'
import { createToken, tokenEntry } from '../vault/token.ts'
import { caller } from '../vault/vault.ts'
import { showInstance } from './answer.ts'
import {
  chooseAuthentication,
  findElement,
  findStrangers,
  readConfiguration,
  readTexts,
} from './request.ts'
import type { ElementInstanceRequest, Instance } from './schema.ts'
import { keepSettings } from './settings.ts'
import {
  type ClaimCompletion,
  type InstanceRecord,
  type InstanceTimes,
  insertInstance,
  ownerOf,
} from './store.ts'
import { draft, verify } from './verify.ts'

export interface ProvisionRequest {
  principal: Principal
  requestId: string
  /** Where the request came from. */
  address: string
  /** From the path, where it names the element. */
  keyInPath: string | undefined
  body: ElementInstanceRequest
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
  const { body, principal, note, requestId, address } = request
  const { organizationId, user } = principal
  const { element, version } = findElement(context.catalog, request.keyInPath, body)
  note({ elementKey: element.key })
  const texts = readTexts(body)
  const { authentication, warnings } = chooseAuthentication(element, body)
  const configuration = readConfiguration(element, authentication, body)
  const { baseUrl, values, request: probing } = configuration
  const secretKeys = new Set(configuration.secrets.keys())
  const credentials = { element, authentication, baseUrl, values, secretKeys }
  const state =
    body.verify === false ? draft : await verify(context, organizationId, credentials, probing)

  const id = await context.instanceIds.next()
  note({ instanceId: id })
  const record: InstanceRecord = {
    organizationId,
    id,
    userId: user.id,
    elementId: element.id,
    elementVersion: version,
    ...texts,
    configuration: configuration.plain,
    authenticationType: authentication.type,
    settings: keepSettings(body.settings ?? {}),
    warnings: [...warnings, ...configuration.warnings, ...findStrangers(body)],
    externalId: body.externalId ?? null,
    externalAuthentication: body.externalAuthentication ?? 'none',
    ...state,
  }
  const token = createToken('instance', organizationId)
  const secrets = await sealAll(context, record, element, configuration, token)
  const storing = { record, secrets, token: context.vault.hash(token), requestId, address }
  const show = (times: InstanceTimes) =>
    showInstance({
      record: { ...record, ...times, disabled: false },
      element,
      user,
      secretKeys,
      token,
    })
  try {
    if (!claim) return show((await insertInstance(context.db, storing))!)
    const at = claim.now()
    const verifiedAt = record.state === 'verified' ? at : null
    const answer = show({ createdAt: at, updatedAt: at, stateSince: at, verifiedAt })
    const kept = { ...storing, claim: claim.keep(answer, at) }
    if (!(await insertInstance(context.db, kept))) throw claim.lost()
    return answer
  } catch (error) {
    throw mayBeStored(error) ? unknownOutcome() : error
  }
}

function unknownOutcome(): Refusal {
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
  { secrets, baseUrl }: CheckedConfiguration & { baseUrl: URL },
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
  // A universal entry is no concern of the vendor's.
  const sealed = [...secrets].map(([entry, secret]) =>
    keep(entry, own.has(entry) ? [baseUrl.origin] : [], secret),
  )
  return [...sealed, keep(tokenEntry, [caller], token)]
}
