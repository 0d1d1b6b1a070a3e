import type { Deed } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import type { Element } from '../definition/element.ts'
import { getElement } from '../elements/find.ts'
import { Refusal } from '../http/errors.ts'
import { tokenEntry } from '../vault/token.ts'
import { caller } from '../vault/vault.ts'
import { showInstance } from './answer.ts'
import type { InstanceRequest } from './change-request.ts'
import { findStored, type StoredRecord, type StoredRow } from './connection-store.ts'
import { instanceNotFound } from './find.ts'
import type { Instance } from './schema.ts'
import { ownerOf } from './store.ts'

type Needs = Pick<Context, 'db' | 'vault' | 'elements'>

/** An instance and the number of changes that people made to it. */
export interface Shown {
  instance: Instance
  revision: number
}

/**
 * The instance that a request names, with the definition that it was provisioned with.
 * @throws {Refusal} `instance-not-found` where it is not the caller's, or not of the element in the
 *   path; `instance-changed` where it is not what `If-Match` says
 */
export async function findOwn(
  { db, elements }: Needs,
  request: Pick<InstanceRequest, 'principal' | 'id' | 'keyInPath' | 'ifMatch'>,
): Promise<{ row: StoredRow; element: Element }> {
  const { principal, id, keyInPath, ifMatch } = request
  const { organizationId, user } = principal
  const row = await findStored(db, { organizationId, id })
  if (row?.userId !== user.id) throw instanceNotFound(id)
  if (keyInPath !== undefined) {
    const named = await getElement(elements, organizationId, keyInPath)
    if (named.id !== row.elementId) throw instanceNotFound(id)
  }
  if (!fits(ifMatch, row.revision)) throw changedSince(row.revision)
  const element = await elements.versionOf(organizationId, row.elementId, row.elementVersion)
  return { row, element }
}

/** What is stored, as its owner sees it. */
export async function showStored(
  { vault }: Pick<Context, 'vault'>,
  row: StoredRow,
  element: Element,
  record: StoredRecord = row,
  entries: Iterable<string> = row.secrets.map(({ entry }) => entry),
): Promise<Shown> {
  const token = await openToken({ vault }, row)
  const secretKeys = [...entries].filter((entry) => entry !== tokenEntry)
  const instance = showInstance({ record, element, user: row.user, secretKeys, token })
  return { instance, revision: record.revision }
}

/** The newest token of an instance. */
export function openToken(
  { vault }: Pick<Context, 'vault'>,
  { organizationId, id, secrets }: StoredRow,
): Promise<string> {
  const { sealed, ...secret } = secrets.find(({ entry }) => entry === tokenEntry)!
  return vault.open({ organizationId, owner: ownerOf(id), ...secret }, sealed, caller)
}

/** RFC 9110, section 13.1.1: by strong comparison, so that a weak tag is none of ours. */
function fits(ifMatch: string | undefined, revision: number): boolean {
  if (ifMatch === undefined || ifMatch.trim() === '*') return true
  return ifMatch.split(',').some((tag) => tag.trim() === `"${revision}"`)
}

function changedSince(revision: number): Refusal {
  return new Refusal(
    'instance-changed',
    `The instance is not the one that If-Match names: it is "${revision}" now. Read it again, and repeat the change.`,
  )
}

/** For where others were faster again and again. */
export function instanceBusy(): Refusal {
  return new Refusal('instance-busy', {
    message: 'Others keep changing the instance. Read it again, and repeat the request.',
    retryAfter: 1,
  })
}

/** Who does it, for the audit. */
export function deedOf({ principal, requestId, address }: InstanceRequest): Deed {
  const { organizationId, user } = principal
  return { organizationId, userId: user.id, requestId, address }
}
