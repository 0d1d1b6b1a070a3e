import type { Authentication } from '../authentication/authentication.ts'
import {
  sessionRefreshToken,
  sessionScope,
  sessionToken,
  sessionTokenType,
} from '../authentication/session.ts'
import type { Session } from '../authentication/sessions.ts'
import type { Values } from '../exchange/request.ts'
import { placeholdersIn } from '../exchange/template.ts'

/** The entry of what a token endpoint answered; no entry of an element can be called so. */
export const tokensEntry = '$oauth'

/** What is sealed under it. */
export interface Tokens {
  accessToken: string
  refreshToken: string | null
  tokenType: string | null
  /** ISO 8601; null where the vendor does not say. */
  expiresAt: string | null
  scope: string | null
}

/**
 * What is to be sealed of the tokens that were obtained, by entry: a refresh token that the vendor
 * replaced takes the place of the one that was brought along.
 */
export function tokenSecrets(
  authentication: Authentication,
  values: Values,
  session: Session | undefined,
): [entry: string, secret: string][] {
  if (authentication.type !== 'oauth2' || !session) return []
  const { grant, refreshToken: template } = authentication
  const [entry] = grant === 'refreshToken' ? placeholdersIn(template) : []
  const told = (key: string) => session.values.get(key) ?? null
  const refreshToken = told(sessionRefreshToken) ?? (entry && values.get(entry)) ?? null
  const tokens: Tokens = {
    accessToken: session.values.get(sessionToken)!,
    refreshToken,
    tokenType: told(sessionTokenType),
    expiresAt: session.expiresAt?.toISOString() ?? null,
    scope: told(sessionScope),
  }
  const sealed = [tokensEntry, JSON.stringify(tokens)] as [string, string]
  return entry !== undefined && refreshToken !== null ? [[entry, refreshToken], sealed] : [sealed]
}
