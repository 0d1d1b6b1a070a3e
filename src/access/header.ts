/**
 * The parts of `Authorization: User <secret>, Organization <secret>[, Element <token>]`, where
 * `Bearer <token>` may stand in the place of the two secrets.
 */
export interface AuthorizationParts {
  user?: string
  organization?: string
  element?: string
  bearer?: string
}

const names = ['user', 'organization', 'element', 'bearer'] as const

/** The parts in any order and any case; undefined for what does not follow that grammar. */
export function parseAuthorization(header: string): AuthorizationParts | undefined {
  const parts: AuthorizationParts = {}
  for (const part of header.split(',')) {
    const [, word = '', secret] = /^\s*([A-Za-z]+)\s+(\S+)\s*$/.exec(part) ?? []
    const name = names.find((known) => known === word.toLowerCase())
    if (!name || !secret || parts[name] !== undefined) return undefined
    parts[name] = secret
  }
  if (parts.bearer && (parts.user || parts.organization)) return undefined
  return parts
}
