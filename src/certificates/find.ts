import { isAdmin } from '../access/ownership.ts'
import type { Principal } from '../access/store.ts'
import type { Context } from '../context.ts'
import { cutPage, type Page } from '../http/paging.ts'
import { requireVisible } from './permission.ts'
import type { Certificate } from './schema.ts'
import { showCertificate } from './show.ts'
import { findCertificate, listCertificates } from './store.ts'

/** @throws {Refusal} `certificate-not-found` where it is not there or not the caller's to see */
export async function getCertificate(
  { db }: Pick<Context, 'db'>,
  principal: Principal,
  id: number,
): Promise<Certificate> {
  const { organizationId } = principal
  return showCertificate(
    requireVisible(principal, id, await findCertificate(db, { organizationId, id })),
  )
}

/** A page of what the caller may see, and its headers. */
export async function listPage({ db }: Pick<Context, 'db'>, principal: Principal, page: Page) {
  const { organizationId, user } = principal
  const found = await listCertificates(db, {
    organizationId,
    ...(!isAdmin(principal) && { userId: user.id }),
    after: page.after,
    limit: page.pageSize + 1,
  })
  const { items, headers } = cutPage(found, page)
  return { certificates: items.map((record) => showCertificate(record)), headers }
}
