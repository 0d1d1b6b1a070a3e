import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { type Db, transaction } from '../database/database.ts'
import { isReferenced } from '../database/failure.ts'
import { Refusal } from '../http/errors.ts'
import { belongings, deleteBelongings, passOn } from './belongings-store.ts'
import { keepAnAdmin } from './change-user.ts'
import { deletePerson, forgetPerson } from './erase-store.ts'
import { hasAny, listInstancesOf } from './remove-store.ts'
import { requireRight } from './rights.ts'
import type { Principal } from './store.ts'
import { findUser, type UserRecord } from './user-store.ts'
import { requireUserRecord, userNotFound } from './users.ts'

const maxReferences = 100
const batchSize = 1_000

/** What somebody else can have, and what is nothing to anybody else. */
const lasting = belongings.filter(({ audited }) => audited)
const passing = belongings.filter(({ audited }) => !audited)

/**
 * Deletes a user for good. What the user has goes to another one, or else has to go first: of very
 * much, some may have gone over where it fails; asking again goes on.
 * @throws {Refusal} `user-not-found`, `user-in-use`, `last-admin`
 */
export async function removeUser(
  { db }: Pick<Context, 'db'>,
  asked: { principal: Principal; idOrEmail: string; reassignTo?: number | undefined },
  deed: Deed,
) {
  const { principal, idOrEmail, reassignTo: to } = asked
  const user = await requireUserRecord({ db }, principal, idOrEmail)
  if (to !== undefined) {
    requireRight(principal, 'all-instances')
    await requireHeir(db, user, to)
  }
  // Before anything goes over; and again when nobody else can be taken away meanwhile.
  await transaction(db, (tx) => keepAnAdmin(tx, user))
  if (to === undefined) await requireNothingLeft(db, user)
  else await handOver(db, user, to, deed)
  try {
    await transaction(db, (tx) => deleteAlone(tx, user, to, deed))
  } catch (error) {
    if (!isReferenced(error)) throw error
    await requireNothingLeft(db, user)
    throw inUse([])
  }
}

async function requireHeir(db: Db, { organizationId, id }: UserRecord, heirId: number) {
  const heir = await findUser(db, { organizationId, id: heirId })
  if (heir?.active && heir.id !== id) return
  throw new Refusal(
    'parameters-invalid',
    `reassignTo has to be another active user of the organization. ${heirId} is not.`,
  )
}

async function handOver(db: Db, user: UserRecord, to: number, deed: Deed) {
  const { organizationId, id: userId } = user
  const asked = { organizationId, userId, to, deed, limit: batchSize }
  for (const belonging of lasting) while ((await passOn(db, belonging, asked)) > 0);
}

async function deleteAlone(tx: Db, user: UserRecord, to: number | undefined, deed: Deed) {
  const { organizationId, id: userId } = user
  await keepAnAdmin(tx, user)
  if (!(await findUser(tx, user))) throw userNotFound(userId)
  const asked = { organizationId, userId, deed, limit: batchSize }
  for (const belonging of passing) while ((await deleteBelongings(tx, belonging, asked)) > 0);
  await forgetPerson(tx, { organizationId, userId })
  await deletePerson(tx, { organizationId, userId })
  const detail = { userId, ...(to !== undefined && { reassignedTo: to }) }
  await insertAuditEntry(tx, deed, 'user.deleted', { detail })
}

async function requireNothingLeft(db: Db, { organizationId, id: userId }: UserRecord) {
  const asked = { organizationId, userId }
  const instances = await listInstancesOf(db, { ...asked, limit: maxReferences })
  if (instances.length > 0) throw inUse(instances)
  for (const { table } of lasting) if (await hasAny(db, table, asked)) throw inUse([])
}

function inUse(references: { id: number; name: string }[]): Refusal {
  const things = references.length > 0 ? 'instances' : 'certificates or app profiles'
  return new Refusal('user-in-use', {
    message: `The user has ${things}. Delete them first, or say with ?reassignTo=<user id> whose they are to be.`,
    references,
  })
}
