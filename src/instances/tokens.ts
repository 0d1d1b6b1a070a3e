import type { Authentication } from '../authentication/authentication.ts'
import {
  sessionRefreshToken,
  sessionScope,
  sessionSeconds,
  sessionToken,
  sessionTokenSecret,
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
  /** What the token of OAuth 1 signs with; no other has one. */
  tokenSecret?: string
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
  if (!session || !/^oauth[12]$/.test(authentication.type)) return []
  const entry = broughtAlong(authentication)
  const told = (key: string) => session.values.get(key) ?? null
  const refreshToken = told(sessionRefreshToken) ?? (entry && values.get(entry)) ?? null
  const tokenSecret = told(sessionTokenSecret)
  const tokens: Tokens = {
    accessToken: session.values.get(sessionToken)!,
    ...(tokenSecret !== null && { tokenSecret }),
    refreshToken,
    tokenType: told(sessionTokenType),
    expiresAt: session.expiresAt?.toISOString() ?? null,
    scope: told(sessionScope),
  }
  const sealed = [tokensEntry, JSON.stringify(tokens)] as [string, string]
  return entry !== undefined && refreshToken !== null ? [[entry, refreshToken], sealed] : [sealed]
}

/** The entry of a refresh token. */
export function broughtAlong(authentication: Authentication): string | undefined {
  if (authentication.type !== 'oauth2' || authentication.grant !== 'refreshToken') return undefined
  return placeholdersIn(authentication.refreshToken)[0]
}

/** Tokens as the login that yielded them told them, as values. */
export function sessionOf(tokens: Tokens): [key: string, value: string][] {
  const { accessToken, tokenSecret = null, refreshToken, tokenType, scope, expiresAt } = tokens
  const left = expiresAt === null ? null : Math.floor((Date.parse(expiresAt) - Date.now()) / 1000)
  const told = {
    [sessionToken]: accessToken,
    [sessionTokenSecret]: tokenSecret,
    [sessionRefreshToken]: refreshToken,
    [sessionTokenType]: tokenType,
    [sessionScope]: scope,
    [sessionSeconds]: left === null ? null : String(Math.max(0, left)),
  }
  return Object.entries(told).flatMap(([key, value]) => (value === null ? [] : [[key, value]]))
}
