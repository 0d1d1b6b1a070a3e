import { Refusal } from '../http/errors.ts'
import type { Principal } from './store.ts'

export type Role = Principal['user']['role']

/** Who may do what: each right with the roles that have it. */
export const rights = {
  /** Own instances, with their drafts, tokens and calls. */
  'own-instances': ['user', 'org-admin'],
  /** To see, disable, delete and reassign those of others; never their secrets, nor calls. */
  'all-instances': ['org-admin'],
  'read-catalogue': ['user', 'org-admin'],
  /** To install and update elements, and to make own ones. */
  'change-catalogue': ['org-admin'],
  /** Own certificates, app profiles and pools, and the use of shared ones. */
  'own-things': ['user', 'org-admin'],
  /** All of them, and to share them. */
  'all-things': ['org-admin'],
  /** To see oneself and one's account, to change one's name, password and secret. */
  'own-user': ['user', 'org-admin'],
  /** All users, their roles, all accounts, and the secret of the organization. */
  'all-users': ['org-admin'],
  /** What one did, and what others did to what is one's. */
  'own-audit': ['user', 'org-admin'],
  /** All of it, and how long it and other records are kept. */
  'all-audit': ['org-admin'],
  /** To have the organization's events sent to a URL, and to see what was sent. */
  'all-webhooks': ['org-admin'],
} as const satisfies Record<string, readonly Role[]>

export type Right = keyof typeof rights

/** Whether the caller's role has the right. */
export function may({ user }: Pick<Principal, 'user'>, right: Right): boolean {
  return (rights[right] as readonly Role[]).includes(user.role)
}

/** @throws {Refusal} `role-insufficient` */
export function requireRight(principal: Pick<Principal, 'user'>, right: Right) {
  if (may(principal, right)) return
  throw new Refusal(
    'role-insufficient',
    'Only admins of the organization may do this. Ask one of them.',
  )
}
