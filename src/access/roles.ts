import { Refusal } from '../http/errors.ts'
import type { Role } from './rights.ts'

const shown = {
  user: {
    id: 1,
    name: 'User',
    key: 'user',
    description: 'Has instances of their own',
    active: true,
    features: [],
  },
  'org-admin': {
    id: 2,
    name: 'Organization Administrator',
    key: 'org-admin',
    description: 'Governs users, accounts, elements and what is shared',
    active: true,
    features: [],
  },
}

/** `org` is what Cloud Elements calls a user without any right over others. */
const known: Record<string, Role> = { user: 'user', org: 'user', 'org-admin': 'org-admin' }

/**
 * The role of that name. Cloud Elements' `admin` governs the users of one account, which no role
 * here does; `org-admin` in its place would govern those of all customers.
 * @throws {Refusal} `role-unknown`
 */
export function readRole(key: string): Role {
  const role = Object.hasOwn(known, key) ? known[key] : undefined
  if (role) return role
  const why = key === 'admin' ? 'Nobody can govern one account alone.' : 'There is no such role.'
  const choices = Object.keys(shown)
  throw new Refusal('role-unknown', { message: `${why} Choose one of the choices.`, choices })
}

/**
 * The role that a user with these has: the one with the most rights.
 * @throws {Refusal} `role-unknown`
 */
export function readRoles(given: readonly (string | { key: string })[]): Role {
  const roles = given.map((role) => readRole(typeof role === 'string' ? role : role.key))
  return roles.includes('org-admin') ? 'org-admin' : 'user'
}

/** Everyone is a user; an admin is that and more. */
export function showRoles(role: Role) {
  return role === 'org-admin' ? [shown.user, shown['org-admin']] : [shown.user]
}

export function showRole(role: Role) {
  return shown[role]
}
