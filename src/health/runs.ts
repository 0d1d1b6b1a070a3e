import type { Principal } from '../access/store.ts'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { cutPage, readPage } from '../http/paging.ts'
import type { Verification } from './run-schema.ts'
import { findRun, listResults, type StoredRun } from './run-store.ts'

/**
 * How far the trial of many instances is, with a page of its results.
 * @throws {Refusal} `verification-not-found` where there is none of the caller's, or no more
 */
export async function getRun(
  { db }: Pick<Context, 'db'>,
  { organizationId, user }: Principal,
  id: number,
  query: { pageSize?: number; nextPage?: string },
): Promise<{ run: Verification; headers: Record<string, string | number> }> {
  const page = readPage(query)
  const key = { organizationId, id }
  const found = await findRun(db, { ...key, userId: user.id })
  if (!found) throw notFound(id)
  const { after, pageSize } = page
  const results = await listResults(db, key, { after, limit: pageSize + 1 })
  const { items, headers } = cutPage(results, page)
  const shown = items.map(({ at, ...result }) => ({ ...result, at: at.toISOString() }))
  return { run: { ...show(found), results: shown }, headers }
}

function show({ id, count, createdAt, finishedAt, alive, verdicts }: StoredRun) {
  const counts = verdicts ?? {}
  return {
    id,
    state: finishedAt ? 'finished' : alive ? 'running' : 'interrupted',
    count,
    done: Object.values(counts).reduce((sum, number) => sum + number, 0),
    verdicts: counts,
    createdDate: createdAt.toISOString(),
    finishedDate: finishedAt?.toISOString() ?? null,
  } as const
}

function notFound(id: number): Refusal {
  return new Refusal(
    'verification-not-found',
    `You have no verification with the id ${id}. They are kept for seven days.`,
  )
}
