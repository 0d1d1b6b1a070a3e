import type { Db } from '../database/database.ts'
import { Refusal } from '../http/errors.ts'
import { readToken } from '../vault/token.ts'
import type { Vault } from '../vault/vault.ts'
import type { Callers } from './callers.ts'
import { parseAuthorization } from './header.ts'
import { identify, unknownUser } from './identify.ts'
import { type FoundToken, findInstanceByToken } from './instance-token-store.ts'
import type { Principal } from './store.ts'
import type { TokenUses } from './token-uses.ts'

interface Needs {
  db: Db
  callers: Pick<Callers, 'find' | 'recall'>
  vault: Vault
  tokenUses: Pick<TokenUses, 'note'>
}

/** The Element part of the header, where there is one. */
export function elementPartOf(authorization: string | undefined): string | undefined {
  return parseAuthorization(authorization ?? '')?.element
}

/**
 * The instance that the Element part of the header stands for.
 * @throws {Refusal} 401 where there is none, and where it is not the caller's
 */
export async function identifyInstance(
  context: Pick<Needs, 'db' | 'vault' | 'tokenUses'>,
  principal: Principal,
  authorization: string | undefined,
): Promise<number> {
  const found = await findToken(context, principal, authorization)
  if (found.unnoted) context.tokenUses.note(principal.organizationId, found.hash)
  return found.id
}

/** As `identifyInstance`, with what else is known of the token, whose use is not noted. */
export async function findToken(
  { db, vault }: Pick<Needs, 'db' | 'vault'>,
  { organizationId, user }: Principal,
  authorization: string | undefined,
): Promise<FoundToken> {
  const token = elementPartOf(authorization)
  if (token === undefined) throw elementMissing()
  if (readToken('instance', token) !== organizationId) throw elementUnknown()
  const look = () =>
    findInstanceByToken(db, { organizationId, userId: user.id, hashes: vault.hashes(token) })
  const found = (await look()) ?? ((await vault.refreshPeppers()) ? await look() : undefined)
  if (found === undefined) throw elementUnknown()
  return found
}

/**
 * Who calls through an instance, and which: for that the Organization part may be left out.
 * @throws {Refusal} 401, saying which part of the header is the matter and no more
 */
export async function identifyConnection(
  context: Needs,
  authorization: string | undefined,
): Promise<{ principal: Principal; instanceId: number }> {
  const principal = await identifyThrough(context, authorization)
  return { principal, instanceId: await identifyInstance(context, principal, authorization) }
}

/** Who calls through an instance: for that the Organization part may be left out. */
export async function identifyThrough(
  context: Pick<Needs, 'callers' | 'vault'>,
  authorization: string | undefined,
): Promise<Principal> {
  const parts = parseAuthorization(authorization ?? '')
  return parts?.user && parts.element && !parts.organization
    ? identifyUser(context, parts.user)
    : identify(context, authorization)
}

async function identifyUser(
  { callers, vault }: Pick<Needs, 'callers' | 'vault'>,
  user: string,
): Promise<Principal> {
  const words = `User ${user}`
  const known = callers.recall(words)
  if (known) return known
  const organizationId = readToken('user', user)
  if (organizationId === undefined) throw unknownUser()
  const look = () => callers.find({ organizationId, userHashes: vault.hashes(user) }, words)
  let found = await look()
  if (!found.principal && (await vault.refreshPeppers())) found = await look()
  if (!found.principal) throw unknownUser()
  return found.principal
}

function elementMissing(): Refusal {
  return new Refusal(
    'access-missing',
    'The Element part is missing. The header has to read "Authorization: User <secret>, Organization <secret>, Element <token>", with the token of an instance.',
  )
}

function elementUnknown(): Refusal {
  return new Refusal(
    'element-unknown',
    'The Element part of the Authorization header is not the token of an instance of this user. Check that it was copied whole, and whose secrets you sent.',
  )
}
