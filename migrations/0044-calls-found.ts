import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    -- Lists of a user's by state and by instance, where a hundred thousand are over since yesterday.
    create index calls_of_user_by_state on calls (organization_id, user_id, state, id);
    create index calls_of_user_by_instance on calls (organization_id, user_id, instance_id, id);
    -- Counted whenever one is taken, where ten thousand wait behind it.
    create index calls_sending on calls (organization_id, instance_id) include (leased_until)
      where state = 'sending';
  `.execute(db)
}
