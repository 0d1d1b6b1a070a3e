import { setTimeout as delay } from 'node:timers/promises'
import {
  sessionRefreshToken,
  sessionScope,
  sessionToken,
  sessionTokenType,
} from '../authentication/session.ts'
import type { Session } from '../authentication/sessions.ts'
import type { Context } from '../context.ts'
import { clientTransaction } from '../database/database.ts'
import { isOutage } from '../database/failure.ts'
import { placeholdersIn } from '../exchange/template.ts'
import type { StoredConnection } from '../instances/connection.ts'
import { scheduleRefresh, secondsUntil } from '../instances/token-life.ts'
import { type Tokens, tokensEntry } from '../instances/tokens.ts'
import { type RenewedSecret, replaceTokens } from './outcome-store.ts'
import type { Lease } from './store.ts'

/** A vendor that rotates gave the only good token there is: an outage of ours must not lose it. */
const tries = 8
const pauseMs = 500

/**
 * Stores tokens that the vendor has granted in the place of those that they were asked for with,
 * whoever holds the lease by now, and has them refreshed in time.
 * @returns false where newer ones were stored meanwhile, or the instance is no longer there
 */
export async function keepTokens(
  context: Pick<Context, 'db' | 'jobs' | 'vault'>,
  connection: StoredConnection,
  lease: Lease,
  session: Session,
): Promise<boolean> {
  const tokens = succeed(connection.tokens!, session)
  const secrets = await sealTokens(context, connection, tokens)
  for (let left = tries; ; left -= 1) {
    try {
      return await storeTokens(context, connection, lease, session, tokens, secrets)
    } catch (error) {
      if (left <= 1 || !isOutage(error)) throw error
      await delay(pauseMs)
    }
  }
}

async function storeTokens(
  { db, jobs }: Pick<Context, 'db' | 'jobs'>,
  { credentials: { authentication } }: StoredConnection,
  { organizationId, instanceId, version }: Lease,
  { expiresAt }: Session,
  { refreshToken }: Tokens,
  secrets: [RenewedSecret, ...RenewedSecret[]],
): Promise<boolean> {
  const key = { organizationId, instanceId, version }
  const lifeSeconds = secondsUntil(expiresAt)
  return clientTransaction(db, async (client) => {
    const isKept = await replaceTokens(client, key, `instance/${instanceId}`, lifeSeconds, secrets)
    if (isKept) {
      await scheduleRefresh(
        jobs,
        client,
        { ...key, version: version + 1 },
        { authentication, hasRefreshToken: refreshToken !== null, lifeSeconds },
      )
    }
    return isKept
  })
}

/** What an answer leaves out stays as it was (RFC 6749, sections 5.1 and 6). */
function succeed(old: Tokens, { values, expiresAt }: Session): Tokens {
  return {
    accessToken: values.get(sessionToken)!,
    refreshToken: values.get(sessionRefreshToken) ?? old.refreshToken,
    tokenType: values.get(sessionTokenType) ?? old.tokenType,
    expiresAt: expiresAt?.toISOString() ?? null,
    scope: values.get(sessionScope) ?? old.scope,
  }
}

/** The tokens first, then the entry that brought the refresh token along, where it was replaced. */
async function sealTokens(
  { vault }: Pick<Context, 'vault'>,
  { tokens: old, secrets, record, credentials }: StoredConnection,
  tokens: Tokens,
): Promise<[RenewedSecret, ...RenewedSecret[]]> {
  const { organizationId, id } = record
  const { authentication } = credentials
  const seal = await vault.sealerOf(organizationId)
  const renew = (entry: string, plaintext: string): RenewedSecret[] =>
    secrets
      .filter((secret) => secret.entry === entry)
      .map(({ secretVersion, origins }) => {
        const place = { owner: `instance/${id}`, entry, secretVersion: secretVersion + 1, origins }
        return { entry, secretVersion, origins, ...seal(place, plaintext) }
      })
  const [sealed] = renew(tokensEntry, JSON.stringify(tokens))
  const { refreshToken } = tokens
  const template = authentication.type === 'oauth2' ? authentication.refreshToken : undefined
  const isReplaced = refreshToken !== null && refreshToken !== old!.refreshToken
  const brought = isReplaced ? placeholdersIn(template ?? '') : []
  return [sealed!, ...brought.flatMap((entry) => renew(entry, refreshToken!))]
}
