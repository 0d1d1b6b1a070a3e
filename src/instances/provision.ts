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
import { type InstanceRecord, insertInstance, ownerOf } from './store.ts'
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

/** Runs the insert where its answer has to be kept with it; see `once`. */
export type Store = (
  insert: (queries: Parameters<typeof insertInstance>[0]) => Promise<Instance>,
) => Promise<Instance>

/**
 * Provisions an instance: only a configuration that is complete, and that the vendor accepts, is
 * stored, and what is stored is stored whole.
 * @throws {Refusal} for everything else, with nothing stored
 */
export async function provision(
  context: Context,
  request: ProvisionRequest,
  store: Store = (insert) => insert(context.db.pool),
): Promise<Instance> {
  const { body, principal, note, requestId, address } = request
  const { organizationId, user } = principal
  const { element, version } = findElement(context.catalog, request.keyInPath, body)
  note({ elementKey: element.key })
  const texts = readTexts(body)
  const { authentication, warnings } = chooseAuthentication(element, body)
  const configuration = readConfiguration(element, authentication, body)
  const { baseUrl, values } = configuration
  const secretKeys = new Set(configuration.secrets.keys())
  const credentials = { element, authentication, baseUrl, values, secretKeys }
  const state = body.verify === false ? draft : await verify(context, organizationId, credentials)

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
  const hashed = context.vault.hash(token)
  return await store(async (queries) => {
    const given = { record, secrets, token: hashed, requestId, address }
    const times = await insertInstance(queries, given)
    const stored = { ...record, ...times, disabled: false }
    return showInstance({ record: stored, element, user, secretKeys, token })
  }).catch(refuseUnknownOutcome)
}

function refuseUnknownOutcome(error: unknown): never {
  if (!mayBeStored(error)) throw error
  throw new Refusal('outcome-unknown', {
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
