import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { type Db, transaction } from '../database/database.ts'
import { isReferenced } from '../database/failure.ts'
import type { JobData } from '../database/jobs.ts'
import { Refusal } from '../http/errors.ts'
import { type Belonging, belongings, deleteBelongings, passOn } from './belongings-store.ts'
import { keepAnAdmin } from './change-user.ts'
import { deletePerson, forgetAddresses, forgetPerson, isSharing } from './erase-store.ts'
import { findUser } from './user-store.ts'

type Needs = Pick<Context, 'db' | 'jobs'>

/** Whom to erase, and who said so. */
export interface UserErasure extends JobData {
  userId: number
  /** Who has the user's instances, certificates and app profiles from then on; else they go. */
  reassignTo?: number | undefined
  deed: Omit<Deed, 'organizationId'>
}

const batch = 200
const jobDeadlineMs = 25_000

/**
 * Erases a user: in one transaction name, address and secrets, so that nobody knows who it was or
 * gets in; then what belongs to them, in the background if need be. The audit keeps the id alone.
 * @param deadlineMs how long to delete at once
 * @throws {Refusal} `user-not-found`, `last-admin`, or `user-sharing` where others' instances use
 *   what would go
 */
export async function eraseUser(
  context: Needs,
  erasure: UserErasure,
  deadlineMs: number,
): Promise<'erasing' | 'erased'> {
  const { db, jobs } = context
  const { organizationId, userId, deed } = erasure
  await transaction(db, async (tx) => {
    await requireErasable(tx, erasure)
    await forgetPerson(tx, erasure)
    const detail = { userId }
    await insertAuditEntry(tx, { organizationId, ...deed }, 'user.erased', { detail })
    const later = { key: keyOf(erasure), startAfter: Math.ceil(deadlineMs / 1000) + 1 }
    await jobs.send(tx, 'erase-users', erasure, later)
  })
  return eraseBelongings(db, erasure, deadlineMs)
}

/** Goes on where a process left off; to be called again until there is nothing left. */
export async function continueUserErasure({ db, jobs }: Needs, erasure: UserErasure) {
  if ((await eraseBelongings(db, erasure, jobDeadlineMs)) === 'erased') return
  await jobs.send(db.pool, 'erase-users', erasure, { key: keyOf(erasure), startAfter: 5 })
}

async function requireErasable(tx: Db, { organizationId, userId, reassignTo }: UserErasure) {
  const user = await findUser(tx, { organizationId, id: userId })
  if (!user) throw notFound(userId)
  await keepAnAdmin(tx, user)
  if (reassignTo !== undefined) {
    const heir = await findUser(tx, { organizationId, id: reassignTo })
    if (!heir?.active || heir.id === userId) throw notFound(reassignTo)
  } else if (await isSharing(tx, { organizationId, userId })) {
    throw new Refusal(
      'user-sharing',
      'Instances of others use certificates, app profiles, rate limits or connection pools that this user shares. Say with reassignTo who has them from now on.',
    )
  }
}

async function eraseBelongings(
  db: Db,
  erasure: UserErasure,
  deadlineMs: number,
): Promise<'erasing' | 'erased'> {
  const deadline = performance.now() + deadlineMs
  for (const belonging of belongings) {
    if (!(await part(db, belonging, erasure, deadline))) return 'erasing'
  }
  let after: { at: Date; id: number } | undefined
  do {
    after = await transaction(db, (tx) => forgetAddresses(tx, { ...erasure, limit: batch }, after))
    if (performance.now() > deadline) return 'erasing'
  } while (after)
  try {
    await deletePerson(db, erasure)
    return 'erased'
  } catch (error) {
    // A request that was under way has brought something new.
    if (isReferenced(error)) return 'erasing'
    throw error
  }
}

/** @returns false where time ran out, or somebody has begun to use something of it */
async function part(db: Db, belonging: Belonging, erasure: UserErasure, deadline: number) {
  const { reassignTo: to } = erasure
  const asked = { ...erasure, limit: batch }
  const step =
    to !== undefined && belonging.audited
      ? () => passOn(db, belonging, { ...asked, to })
      : () => deleteBelongings(db, belonging, asked)
  try {
    while ((await step()) > 0) if (performance.now() > deadline) return false
    return true
  } catch (error) {
    if (isReferenced(error)) return false
    throw error
  }
}

function keyOf({ organizationId, userId }: UserErasure): string {
  return `${organizationId}/${userId}`
}

function notFound(id: number): Refusal {
  return new Refusal('user-not-found', `The organization has no active user with the id ${id}.`)
}
