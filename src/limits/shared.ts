import { isAdmin, isUsable } from '../access/ownership.ts'
import type { Principal } from '../access/store.ts'
import type { Deed } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { isReferenced } from '../database/failure.ts'
import { Refusal } from '../http/errors.ts'
import { cutPage, type Page } from '../http/paging.ts'
import { type SharedKind, sharedKinds } from './shared-kind.ts'
import {
  deleteShared,
  findShared,
  insertShared,
  type KnownShared,
  listShared,
  listUses,
  type SharedContent,
  type SharedKey,
  type SharedTerms,
  updateShared,
} from './shared-store.ts'

const maxReferences = 100

type Needs = Pick<Context, 'db'>

interface Asked {
  principal: Principal
  deed: Deed
}

/** @throws {Refusal} that it was not found, where it is not the caller's to see */
export async function getShared<Kind extends SharedKind>(
  { db }: Needs,
  principal: Principal,
  kind: Kind,
  id: number,
): Promise<KnownShared<Kind>> {
  const { organizationId } = principal
  const found = await findShared(db, { organizationId, kind, id })
  return sharedKinds[kind].requireVisible(principal, id, found)
}

/** A page of what the caller may see, and its headers. */
export async function listPage<Kind extends SharedKind>(
  { db }: Needs,
  principal: Principal,
  kind: Kind,
  page: Page,
) {
  const { organizationId, user } = principal
  const found = await listShared(db, {
    organizationId,
    kind,
    userId: isAdmin(principal) ? undefined : user.id,
    after: page.after,
    limit: page.pageSize + 1,
  })
  return cutPage(found, page)
}

/** @throws {Refusal} `role-insufficient` where others are to use it and the caller is no admin */
export async function addShared<Kind extends SharedKind>(
  context: Needs,
  kind: Kind,
  { principal, deed }: Asked,
  content: SharedContent<Kind>,
): Promise<KnownShared<Kind>> {
  sharedKinds[kind].requireSharing(principal, content.shared)
  const userId = principal.user.id
  const id = await insertShared(context.db, { ...content, kind, userId }, deed)
  return getShared(context, principal, kind, id)
}

/**
 * Gives it other terms, for the instances that name it as well; what is left out stays as it was.
 * @throws {Refusal} also where it is no longer to be shared, and others use it
 */
export async function replaceShared<Kind extends SharedKind>(
  context: Needs,
  kind: Kind,
  { principal, deed }: Asked,
  id: number,
  given: {
    name?: string | undefined
    shared?: boolean | undefined
    terms: Partial<SharedTerms[Kind]>
  },
): Promise<KnownShared<Kind>> {
  const { requireOwner, requireSharing } = sharedKinds[kind]
  // Again whenever someone else was faster.
  for (;;) {
    const found = await getShared(context, principal, kind, id)
    requireOwner(principal, found)
    const { name = found.name, shared = found.shared } = given
    if (shared !== found.shared) requireSharing(principal, shared)
    if (found.shared && !shared) await requireUnusedByOthers(context, found)
    const content = { name, shared, terms: { ...found.terms, ...given.terms } }
    if (await updateShared(context.db, found, content, deed)) {
      return getShared(context, principal, kind, id)
    }
  }
}

/** @throws {Refusal} that it is in use, with the instances that the caller may see */
export async function removeShared(
  context: Needs,
  kind: SharedKind,
  { principal, deed }: Asked,
  id: number,
) {
  const { requireOwner, notFound } = sharedKinds[kind]
  requireOwner(principal, await getShared(context, principal, kind, id))
  const key = { organizationId: principal.organizationId, kind, id }
  try {
    if (!(await deleteShared(context.db, key, deed))) throw notFound(id)
  } catch (error) {
    throw isReferenced(error) ? await inUse(context, principal, key) : error
  }
}

async function inUse({ db }: Needs, principal: Principal, key: SharedKey): Promise<Refusal> {
  const { one, inUse: code } = sharedKinds[key.kind]
  const uses = await listUses(db, key, { limit: maxReferences + 1 })
  const seen = uses.filter(({ userId }) => isAdmin(principal) || userId === principal.user.id)
  const hidden = uses.length - seen.length
  const number = uses.length > maxReferences ? `more than ${maxReferences}` : String(uses.length)
  const instances = uses.length === 1 ? '1 instance names' : `${number} instances name`
  const others = hidden > 0 ? ` (${hidden} of them of other users)` : ''
  return new Refusal(code, {
    message: `${instances} this ${one}${others}. Give them other settings first.`,
    references: seen.slice(0, maxReferences).map(({ id, name }) => ({ id, name })),
  })
}

async function requireUnusedByOthers({ db }: Needs, found: KnownShared) {
  const uses = await listUses(db, found, { limit: 1, except: found.userId })
  if (uses.length === 0) return
  const { one, inUse: code } = sharedKinds[found.kind]
  throw new Refusal(
    code,
    `Instances of other users name this ${one}. It stays shared until they do not.`,
  )
}

/** Which of them the settings of a user's instance cannot name, and why. */
export async function findSharedFaults(
  { db }: Needs,
  { organizationId, userId }: { organizationId: number; userId: number },
  settings: { rateLimitId?: number | undefined; connectionPoolId?: number | undefined },
): Promise<{ key: string; reason: string }[]> {
  const faults: { key: string; reason: string }[] = []
  for (const kind of Object.keys(sharedKinds) as SharedKind[]) {
    const { setting, one } = sharedKinds[kind]
    const id = settings[setting]
    if (id === undefined) continue
    const found = await findShared(db, { organizationId, kind, id })
    if (found && isUsable(userId, found)) continue
    faults.push({
      key: `settings.${setting}`,
      reason: `names no ${one} of yours, nor a shared one: ${id}`,
    })
  }
  return faults
}
