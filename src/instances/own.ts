import { may } from '../access/rights.ts'
import type { Principal } from '../access/store.ts'
import type { Deed } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import type { Element } from '../definition/element.ts'
import { getElement } from '../elements/find.ts'
import { secretMask } from '../exchange/template.ts'
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

type Named = Pick<InstanceRequest, 'principal' | 'id' | 'keyInPath' | 'ifMatch'>

interface Found {
  row: StoredRow
  element: Element
}

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
export function findOwn(context: Needs, request: Named): Promise<Found> {
  return find(context, request, (userId) => userId === request.principal.user.id)
}

/**
 * The same, of an admin also where it is another user's: for what needs none of its secrets.
 * @throws {Refusal} as `findOwn`
 */
export function findGoverned(context: Needs, request: Named): Promise<Found> {
  const { principal } = request
  return find(
    context,
    request,
    (userId) => userId === principal.user.id || may(principal, 'all-instances'),
  )
}

async function find(
  { db, elements }: Needs,
  { principal, id, keyInPath, ifMatch }: Named,
  passes: (userId: number) => boolean,
): Promise<Found> {
  const { organizationId } = principal
  const row = await findStored(db, { organizationId, id })
  if (!row || !passes(row.userId)) throw instanceNotFound(id)
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

/** What is stored, as whoever governs it sees it: its token is its owner's alone. */
export async function showGoverned(
  context: Pick<Context, 'vault'>,
  principal: Principal,
  row: StoredRow,
  element: Element,
  record: StoredRecord = row,
): Promise<Shown> {
  if (row.userId === principal.user.id) return showStored(context, row, element, record)
  const secretKeys = row.secrets.map(({ entry }) => entry)
  const instance = showInstance({ record, element, user: row.user, secretKeys, token: secretMask })
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
