import { sql } from 'kysely'
import type { Db } from '../database/database.ts'

/** Whose failed tries are counted, as a hash, and from which number on the next one has to wait. */
export interface Counted {
  subject: Buffer
  free: number
}

const forgottenAfter = sql`interval '1 day'`

/**
 * Counts a try as failed, before it is known how it ends, so that tries at the same time count too.
 * @returns false, with nothing counted, while the subject has to wait
 */
export async function countTry(
  { kysely }: Pick<Db, 'kysely'>,
  { subject, free, maxSeconds }: Counted & { maxSeconds: number },
): Promise<boolean> {
  // By the clock and not by the transaction's beginning: it may have waited for the row.
  const { rows } = await sql`
    insert into sign_in_attempts as a (subject, failures, last_at) values (${subject}, 1, now())
    on conflict (subject) do update set
      last_at = now(),
      failures = case when a.last_at < now() - ${forgottenAfter} then 1 else a.failures + 1 end,
      free_at = case when a.last_at >= now() - ${forgottenAfter} and a.failures + 1 >= ${free}::integer
        then clock_timestamp() + make_interval(
          secs => least(power(2, least(a.failures + 1 - ${free}::integer, 20)), ${maxSeconds}::float8))
        end
    where a.free_at is null or a.free_at <= clock_timestamp()
    returning a.failures`.execute(kysely)
  return rows.length > 0
}

/** How many seconds are left until the subject may try again. */
export async function waitOf({ kysely }: Pick<Db, 'kysely'>, subject: Buffer): Promise<number> {
  const { rows } = await sql<{ seconds: number | null }>`
    select ceil(extract(epoch from free_at - clock_timestamp()))::integer as seconds
    from sign_in_attempts where subject = ${subject}`.execute(kysely)
  return Math.max(1, rows[0]?.seconds ?? 1)
}

/** Whether there is a row that still counts. */
export async function isCounted({ kysely }: Pick<Db, 'kysely'>, subject: Buffer): Promise<boolean> {
  const { rows } = await sql`
    select from sign_in_attempts
    where subject = ${subject} and last_at >= now() - ${forgottenAfter}`.execute(kysely)
  return rows.length > 0
}

/** Without failed tries, for a month: a last try that lies ahead is forgotten that much later. */
export async function rememberSuccess({ kysely }: Pick<Db, 'kysely'>, subject: Buffer) {
  await sql`
    insert into sign_in_attempts (subject, failures, last_at)
    values (${subject}, 0, now() + interval '29 days')
    on conflict (subject) do update
      set failures = 0, free_at = null, last_at = excluded.last_at`.execute(kysely)
}

export async function forgetTries(db: Db, subject: Buffer) {
  await db.kysely.deleteFrom('signInAttempts').where('subject', '=', subject).execute()
}

/** Takes back one that did not fail. */
export async function takeBackTry(db: Db, subject: Buffer) {
  await db.kysely
    .updateTable('signInAttempts')
    .set({ failures: sql<number>`greatest(failures - 1, 0)`, freeAt: null })
    .where('subject', '=', subject)
    .execute()
}

/** A few of those that count no more: more than a try can add. */
export async function clearOldTries({ kysely }: Pick<Db, 'kysely'>) {
  await sql`
    delete from sign_in_attempts where subject in (
      select subject from sign_in_attempts where last_at < now() - ${forgottenAfter}
      order by last_at limit 10 for update skip locked
    )`.execute(kysely)
}
