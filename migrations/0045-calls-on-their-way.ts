import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    -- Of one that is being sent: whether its bytes are, or may be, on their way to the vendor. Until
    -- then it can be cancelled. Unknown where an older release sends it.
    alter table calls add column on_its_way boolean;
  `.execute(db)
}
