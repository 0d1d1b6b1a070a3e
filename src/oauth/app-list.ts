import { isAdmin } from '../access/ownership.ts'
import type { Principal } from '../access/store.ts'
import type { Context } from '../context.ts'
import { getElement } from '../elements/find.ts'
import { cutPage, type Page } from '../http/paging.ts'
import { requireVisible } from './app-permission.ts'
import type { OAuthApp } from './app-schema.ts'
import { showApp } from './app-show.ts'
import { findKnownApp, listKnownApps } from './app-view-store.ts'

type Needs = Pick<Context, 'db' | 'elements'>

/** @throws {Refusal} `oauth-app-not-found` where it is not there or not the caller's to see */
export async function getApp(
  { db, elements }: Needs,
  principal: Principal,
  id: number,
): Promise<OAuthApp> {
  const { organizationId } = principal
  const found = requireVisible(principal, id, await findKnownApp(db, { organizationId, id }))
  return showApp(found, await elements.find(organizationId, String(found.elementId)))
}

/**
 * A page of what the caller may see, of one element where it is named, and its headers.
 * @throws {Refusal} `element-not-found`
 */
export async function listApps(
  { db, elements }: Needs,
  principal: Principal,
  page: Page,
  keyOrId: string | undefined,
) {
  const { organizationId, user } = principal
  const named = keyOrId && (await getElement(elements, organizationId, keyOrId))
  const found = await listKnownApps(db, {
    organizationId,
    ...(!isAdmin(principal) && { userId: user.id }),
    ...(named && { elementId: named.id }),
    after: page.after,
    limit: page.pageSize + 1,
  })
  const { items, headers } = cutPage(found, page)
  const heads = new Map((await elements.list(organizationId)).map((head) => [head.id, head]))
  return { apps: items.map((app) => showApp(app, heads.get(app.elementId))), headers }
}
