import { insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { transaction } from '../database/database.ts'
import { createToken, tokenEntry } from '../vault/token.ts'
import { caller } from '../vault/vault.ts'
import type { InstanceRequest } from './change-request.ts'
import type { StoredRow } from './connection-store.ts'
import { deedOf, findOwn, instanceBusy, openToken } from './own.ts'
import { ownerOf } from './store.ts'
import type { InstanceToken } from './token-schema.ts'
import { countChange, endTokens, insertToken, listTokens, type StoredToken } from './token-store.ts'

type Needs = Pick<Context, 'db' | 'vault' | 'elements'>

/** How long a token goes on working when another takes its place, where nobody says. */
const defaultOverlapSeconds = 86_400
const maxAttempts = 4

/** A token and the number of changes that people made to its instance. */
export interface ShownToken {
  token: InstanceToken
  revision: number
}

/** The token of an instance, and which before it still work. */
export async function getToken(context: Needs, request: InstanceRequest): Promise<ShownToken> {
  const { row } = await findOwn(context, request)
  const token = show(await openToken(context, row), await listTokens(context.db, row))
  return { token, revision: row.revision }
}

/**
 * Gives an instance a new token, which works at once; those before it go on working for the overlap.
 * @throws {Refusal} `instance-not-found`, `instance-changed`
 */
export function rotateToken(
  context: Needs,
  request: InstanceRequest,
  overlapSeconds = defaultOverlapSeconds,
): Promise<ShownToken> {
  return attempt(async () => {
    const { row } = await findOwn(context, request)
    const { organizationId, id } = row
    const token = createToken('instance', organizationId)
    const seal = await context.vault.sealerOf(organizationId)
    return transaction(context.db, async (tx) => {
      const revision = await countChange(tx, row)
      if (revision === undefined) return undefined
      const version = newestOf(row) + 1
      const origins = [caller]
      const place = { owner: ownerOf(id), entry: tokenEntry, secretVersion: version, origins }
      const sealed = { ...seal(place, token), origins }
      await insertToken(tx, row, version, context.vault.hash(token), sealed)
      await endTokens(tx, row, { version, overlapSeconds })
      const subject = { instanceId: id, detail: { overlapSeconds } }
      await insertAuditEntry(tx, deedOf(request), 'instance.token-rotated', subject)
      return { token: show(token, await listTokens(tx, row)), revision }
    })
  })
}

/**
 * Ends the tokens before the newest at once; where there are none, nothing is changed.
 * @throws {Refusal} `instance-not-found`, `instance-changed`
 */
export function revokePrevious(context: Needs, request: InstanceRequest): Promise<ShownToken> {
  return attempt(async () => {
    const { row } = await findOwn(context, request)
    const token = await openToken(context, row)
    const before = await listTokens(context.db, row)
    if (before.length < 2) return { token: show(token, before), revision: row.revision }
    return transaction(context.db, async (tx) => {
      const revision = await countChange(tx, row)
      if (revision === undefined) return undefined
      const count = await endTokens(tx, row, { version: newestOf(row), overlapSeconds: 0 })
      const subject = { instanceId: row.id, detail: { tokens: count } }
      await insertAuditEntry(tx, deedOf(request), 'instance.token-revoked', subject)
      return { token: show(token, await listTokens(tx, row)), revision }
    })
  })
}

/** Again where somebody else changed the instance meanwhile, a few times. */
async function attempt(change: () => Promise<ShownToken | undefined>): Promise<ShownToken> {
  for (let left = maxAttempts; left > 0; left -= 1) {
    const changed = await change()
    if (changed) return changed
  }
  throw instanceBusy()
}

function newestOf({ secrets }: StoredRow): number {
  return secrets.find(({ entry }) => entry === tokenEntry)!.secretVersion
}

function show(token: string, [newest, ...older]: StoredToken[]): InstanceToken {
  const lifeOf = ({ createdAt, lastUsedAt }: StoredToken) => ({
    createdDate: createdAt.toISOString(),
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
  })
  const previous = older.map((one) => ({
    ...lifeOf(one),
    expiresAt: one.expiresAt!.toISOString(),
  }))
  return { token, ...lifeOf(newest!), previous }
}
