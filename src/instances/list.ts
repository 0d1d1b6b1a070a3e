import type { Principal } from '../access/store.ts'
import { requireUserRecord } from '../access/users.ts'
import type { Context } from '../context.ts'
import { getElement } from '../elements/find.ts'
import { secretMask } from '../exchange/template.ts'
import { cutPage, type Page, readPage } from '../http/paging.ts'
import { tokenEntry } from '../vault/token.ts'
import { caller } from '../vault/vault.ts'
import { showInstance } from './answer.ts'
import type { InstanceFilters } from './list-query.ts'
import type { ListedInstance, ListParameters } from './list-schema.ts'
import { searchIds } from './list-search.ts'
import { countIds, listIds, readInstances, readLastUses } from './list-store.ts'
import { stripMarkup } from './markup.ts'
import { type FoundInstance, ownerOf } from './store.ts'

/** How far a total is counted. */
export const countedTotal = 1000

type Needs = Pick<Context, 'db' | 'vault' | 'elements'>

/**
 * A page of the caller's own instances in the order of their ids, for an admin also of another
 * user's, and the headers that go with it.
 * @throws {Refusal} `parameters-invalid`, `element-not-found`, `user-not-found`
 */
export async function listInstances(
  context: Needs,
  principal: Principal,
  asked: ListParameters,
  keyInPath?: string,
): Promise<{ items: ListedInstance[]; headers: Record<string, string | number> }> {
  const page = readPage(asked)
  const owner = await readOwner(context, principal, asked.user)
  const filters = await readFilters(context, { ...principal, user: owner }, asked, keyInPath)
  const ids = await findPage(context, filters, page)
  const { items, headers } = cutPage(
    ids.map((id) => ({ id })),
    page,
  )
  const isAll = page.after === 0 && ids.length <= page.pageSize
  const total = isAll ? ids.length : await countAll(context, filters)
  const wanted = items.map(({ id }) => id)
  const rows =
    wanted.length > 0 ? await readInstances(context.db, filters, wanted, asked.hydrate) : []
  const shown: ListedInstance[] = []
  const isOwn = owner.id === principal.user.id
  const uses = asked.lastUsed ? await readLastUses(context.db, filters, wanted) : undefined
  for (const row of rows) {
    const instance = await show(context, owner, row, { ...asked, isOwn })
    const lastUsedAt = uses && (uses.get(row.id)?.toISOString() ?? null)
    shown.push({ ...instance, ...(lastUsedAt !== undefined && { lastUsedAt }) })
  }
  return {
    items: shown,
    headers: { ...headers, ...(total !== undefined && { 'elements-total-count': total }) },
  }
}

async function readOwner(
  { db }: Needs,
  principal: Principal,
  asked: string | undefined,
): Promise<Principal['user']> {
  if (asked === undefined) return principal.user
  const { email: emailAddress, ...user } = await requireUserRecord({ db }, principal, asked)
  return { ...user, emailAddress }
}

async function readFilters(
  { elements }: Needs,
  { organizationId, user }: Principal,
  asked: ListParameters,
  keyInPath: string | undefined,
): Promise<InstanceFilters> {
  const heads = await elements.list(organizationId)
  const idsWhere = (passes: (head: (typeof heads)[number]) => boolean) =>
    heads.filter(passes).map(({ id }) => id)
  const sets = [asked.hub === undefined ? undefined : idsWhere(({ hub }) => hub === asked.hub)]
  for (const name of [keyInPath, asked.element]) {
    if (name !== undefined) sets.push([(await getElement(elements, organizationId, name)).id])
  }
  const text = asked.searchText?.trim() || undefined
  const wanted = text?.toLowerCase() ?? ''
  return {
    organizationId,
    userId: user.id,
    tags: [...new Set([...asked['tags[]'], ...asked.tags].map(stripMarkup))],
    externalId: asked.externalId,
    elementIds: sets.reduce(intersect, undefined),
    state: asked.state,
    text:
      text === undefined
        ? undefined
        : { text, elementIds: idsWhere(({ key }) => key.toLowerCase().includes(wanted)) },
  }
}

function intersect(one: number[] | undefined, other: number[] | undefined): number[] | undefined {
  return one && other ? one.filter((id) => other.includes(id)) : (one ?? other)
}

/** One more than the page takes, where there are more. */
function findPage({ db }: Needs, filters: InstanceFilters, page: Page): Promise<number[]> {
  const window = { after: page.after, limit: page.pageSize + 1 }
  const { text, tags, externalId } = filters
  const isSearch = text && tags.length === 0 && externalId === undefined
  return isSearch ? searchIds(db, { ...filters, text }, window) : listIds(db, filters, window)
}

/** Undefined where to know it would cost more than the page. */
async function countAll({ db }: Needs, filters: InstanceFilters): Promise<number | undefined> {
  if (filters.text) return undefined
  const count = await countIds(db, filters, countedTotal + 1)
  return count > countedTotal ? undefined : count
}

async function show(
  { vault, elements }: Needs,
  user: Principal['user'],
  record: FoundInstance,
  { hydrate, isOwn }: { hydrate: boolean; isOwn: boolean },
): Promise<ListedInstance> {
  const { organizationId } = record
  const { sealed, ...secret } = record.secrets.find(({ entry }) => entry === tokenEntry)!
  const place = { organizationId, owner: ownerOf(record.id), ...secret }
  const element = await elements.versionOf(organizationId, record.elementId, record.elementVersion)
  const entries = record.secrets.map(({ entry }) => entry)
  const instance = showInstance({
    record,
    element,
    user,
    secretKeys: entries.filter((entry) => entry !== tokenEntry),
    token: isOwn ? await vault.open(place, sealed!, caller) : secretMask,
  })
  if (hydrate) return instance
  const { configuration: _, settings: __, warnings: ___, ...light } = instance
  const { id, key, name, hub, image } = instance.element
  return { ...light, element: { id, key, name, hub, image } }
}
