import { type ProblemCode, Refusal } from '../http/errors.ts'
import { may } from './rights.ts'
import type { Principal } from './store.ts'

/** What a user keeps, and an admin may share with all users of the organization. */
export interface Owned {
  id: number
  userId: number
  shared: boolean
}

/** What such a thing is called, and how it is refused where there is none. */
export interface OwnedKind {
  one: string
  many: string
  notFound: ProblemCode
}

export function isAdmin({ user }: Pick<Principal, 'user'>): boolean {
  return may({ user }, 'all-things')
}

/** Whether a user's instances may use it. */
export function isUsable(userId: number, { shared, userId: owner }: Omit<Owned, 'id'>): boolean {
  return shared || owner === userId
}

/** Who may do what with things of one kind. */
export function permissionsFor({ one, many, notFound: code }: OwnedKind) {
  const notFound = (id: number) =>
    new Refusal(
      code,
      `You have no ${one} with the id ${id}. Check the id, and whose secrets you sent.`,
    )

  return {
    notFound,

    /**
     * The thing, where the caller may see it: an own one, a shared one, or any for an admin.
     * @throws {Refusal} that it was not found
     */
    requireVisible<Found extends Owned>(
      principal: Principal,
      id: number,
      found: Found | undefined,
    ): Found {
      if (found && (isAdmin(principal) || isUsable(principal.user.id, found))) return found
      throw notFound(id)
    },

    /** @throws {Refusal} `role-insufficient` */
    requireOwner(principal: Principal, found: Owned) {
      if (isAdmin(principal) || found.userId === principal.user.id) return
      throw new Refusal(
        'role-insufficient',
        `The ${one} ${found.id} is shared with you. Only its owner and admins of the organization change it.`,
      )
    },

    /** @throws {Refusal} `role-insufficient` */
    requireSharing(principal: Principal, shared: boolean) {
      if (!shared || isAdmin(principal)) return
      throw new Refusal(
        'role-insufficient',
        `Only admins of the organization share ${many}. Leave "shared" out, or ask one of them.`,
      )
    },
  }
}
