import type pg from 'pg'
import type { Session } from '../authentication/sessions.ts'
import type { Element } from '../definition/element.ts'
import type { Values } from '../exchange/request.ts'
import { requireMeant } from './kept.ts'
import { sessionOf, type Tokens, tokensEntry } from './tokens.ts'

/** What an instance brings along that was provisioned in another installation. */
export interface Imported {
  /** What its vendor told there, by entry. */
  told: Values
  /** What somebody's consent has yielded there. */
  tokens: Tokens | undefined
  /** Of what it is made, and where that may be sent. */
  secrets: { entry: string; origins: string[] }[]
  /** What is committed together with it. */
  alongside(client: pg.PoolClient, instanceId: number): Promise<void>
}

/** @throws {Refusal} `secrets-required` for secrets that were not given for all of these origins */
export function requireMeantThere(element: Element, { secrets }: Imported, origins: string[]) {
  const own = new Set([...element.entries.map(({ key }) => key), tokensEntry])
  const sent = secrets.filter(({ entry }) => own.has(entry))
  requireMeant(element, sent, origins)
}

/** Tokens as if a login had just yielded them. */
export function sessionFrom(tokens: Tokens): Session {
  const { expiresAt } = tokens
  const values = new Map(sessionOf(tokens))
  if (expiresAt === null) return { values, endsAt: Number.POSITIVE_INFINITY }
  const end = new Date(expiresAt)
  return { values, endsAt: end.getTime(), expiresAt: end }
}
