import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { readMoment, readTime, tokenOf } from './page.ts'
import type { AuditEntry } from './schema.ts'
import { type AuditFilters, type EntryRecord, listEntries } from './store.ts'

interface AuditParameters extends Omit<AuditFilters, 'from' | 'to'> {
  from?: string | undefined
  to?: string | undefined
  pageSize?: number | undefined
  nextPage?: string | undefined
}

interface Reader extends Pick<FastifyRequest['principal'], 'organizationId' | 'user'> {
  /** Else only what they did, and what was done to what is theirs. */
  everything: boolean
}

/**
 * A page of the audit, the latest first.
 * @throws {Refusal} `parameters-invalid`
 */
export async function listAudit(
  { db }: Pick<Context, 'db'>,
  { organizationId, user, everything }: Reader,
  { from, to, pageSize = 200, nextPage, ...filters }: AuditParameters,
) {
  const found = await listEntries(db, {
    organizationId,
    filters: { ...filters, from: readTime('from', from), to: readTime('to', to) },
    readerId: everything ? undefined : user.id,
    before: readMoment(nextPage),
    limit: pageSize + 1,
  })
  const page = found.slice(0, pageSize)
  const headers: Record<string, string | number> = { 'elements-returned-count': page.length }
  if (found.length > page.length) headers['elements-next-page-token'] = tokenOf(page.at(-1)!)
  const entries = page.map((entry) => show(entry, everything || entry.userId === user.id))
  return { entries, headers }
}

function show({ at, address, ...entry }: EntryRecord, withAddress: boolean): AuditEntry {
  return { ...entry, createdDate: at.toISOString(), address: withAddress ? address : null }
}
