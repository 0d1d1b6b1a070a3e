import { insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { transaction } from '../database/database.ts'
import { Refusal } from '../http/errors.ts'
import type { InstanceRequest } from './change-request.ts'
import { instanceNotFound } from './find.ts'
import { deedOf, findOwn } from './own.ts'
import type { InstanceReference, InstanceReferenceRequest } from './references-schema.ts'
import {
  deleteReference,
  listReferences,
  lockInstances,
  type StoredReference,
  saveReference,
} from './references-store.ts'

type Needs = Pick<Context, 'db' | 'vault' | 'elements'>

/** How many an instance may have. */
export const maxReferences = 100

/** What uses an instance. */
export async function getReferences(
  context: Needs,
  request: InstanceRequest,
): Promise<InstanceReference[]> {
  const { row } = await findOwn(context, request)
  return (await listReferences(context.db, row)).map(showReference)
}

/**
 * Notes that something uses an instance; saying the same again changes nothing.
 * @throws {Refusal} `references-too-many`, and `body-invalid` for an address that no browser opens
 */
export async function putReference(
  context: Needs,
  request: InstanceRequest,
  name: string,
  { url = null, description = null }: InstanceReferenceRequest,
): Promise<InstanceReference> {
  requireLink(url)
  const { row } = await findOwn(context, request)
  return transaction(context.db, async (tx) => {
    if ((await lockInstances(tx, row.organizationId, [row.id])).length === 0) {
      throw instanceNotFound(row.id)
    }
    const known = await listReferences(tx, row)
    const before = known.find((reference) => reference.name === name)
    if (before && before.url === url && before.description === description) {
      return showReference(before)
    }
    if (!before && known.length >= maxReferences) throw tooMany()
    const saved = await saveReference(tx, row, { name, url, description })
    const action = before ? 'instance.reference-changed' : 'instance.reference-added'
    const subject = { instanceId: row.id, detail: { reference: name } }
    await insertAuditEntry(tx, deedOf(request), action, subject)
    return showReference(saved)
  })
}

/** @throws {Refusal} `reference-not-found` */
export async function removeReference(
  context: Needs,
  request: InstanceRequest,
  name: string,
): Promise<void> {
  const { row } = await findOwn(context, request)
  await transaction(context.db, async (tx) => {
    if (!(await deleteReference(tx, row, name))) throw notFound(name)
    const subject = { instanceId: row.id, detail: { reference: name } }
    await insertAuditEntry(tx, deedOf(request), 'instance.reference-removed', subject)
  })
}

export function showReference({ createdAt, updatedAt, ...said }: StoredReference) {
  return {
    ...said,
    createdDate: createdAt.toISOString(),
    updatedDate: updatedAt.toISOString(),
  }
}

/** For an instance that cannot go while something uses it. */
export function inUse(references: StoredReference[]): Refusal {
  const named = references.map(({ name }) => `"${name}"`).join(', ')
  return new Refusal('instance-in-use', {
    message: `The instance is used by ${named}. Point them to another one with POST /instances/{id}/replace, or take the references away first.`,
    references: references.map(({ name, url, description }) => ({ name, url, description })),
  })
}

/** It is shown to people as a link: nothing that runs when it is followed. */
function requireLink(url: string | null) {
  if (url === null || /^https?:$/.test(URL.parse(url)?.protocol ?? '')) return
  const reason = 'is not an address that begins with https:// or http://'
  throw new Refusal('body-invalid', {
    message: `The member "url" ${reason}. Leave it out, or send one that people can open.`,
    invalid: [{ key: 'url', reason }],
  })
}

function tooMany(): Refusal {
  return new Refusal(
    'references-too-many',
    `An instance can have ${maxReferences} references. Take away those that are no longer true.`,
  )
}

function notFound(name: string): Refusal {
  return new Refusal(
    'reference-not-found',
    `The instance has no reference "${name}". GET /instances/{id}/references lists them.`,
  )
}
