import type { Principal } from '../access/store.ts'
import { Refusal } from '../http/errors.ts'

interface Owned {
  id: number
  userId: number
  shared: boolean
}

export function isAdmin({ user }: Pick<Principal, 'user'>): boolean {
  return user.role === 'org-admin'
}

/**
 * The certificate, where the caller may see it: an own one, a shared one, or any for an admin.
 * @throws {Refusal} `certificate-not-found`
 */
export function requireVisible<Found extends Owned>(
  principal: Principal,
  id: number,
  found: Found | undefined,
): Found {
  if (found && (isAdmin(principal) || isUsable(principal.user.id, found))) return found
  throw notFound(id)
}

/** Whether a user's instances may present it. */
export function isUsable(userId: number, { shared, userId: owner }: Owned): boolean {
  return shared || owner === userId
}

/** @throws {Refusal} `role-insufficient` */
export function requireOwner(principal: Principal, found: Owned) {
  if (isAdmin(principal) || found.userId === principal.user.id) return
  throw new Refusal(
    'role-insufficient',
    `The certificate ${found.id} is shared with you. Only its owner and admins of the organization change it.`,
  )
}

/** @throws {Refusal} `role-insufficient` */
export function requireSharing(principal: Principal, shared: boolean) {
  if (!shared || isAdmin(principal)) return
  throw new Refusal(
    'role-insufficient',
    'Only admins of the organization share certificates. Leave "shared" out, or ask one of them.',
  )
}

export function notFound(id: number): Refusal {
  return new Refusal(
    'certificate-not-found',
    `You have no certificate with the id ${id}. Check the id, and whose secrets you sent.`,
  )
}
