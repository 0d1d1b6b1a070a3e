import { type Kysely, sql } from 'kysely'

/** Ten seconds for a million instances, during which no secret and no token is written. */
export async function up(db: Kysely<unknown>) {
  await sql`
    -- Owners and instances are called what nothing else in the installation is, so that their
    -- hashes lead to them in as many reads however many there are; a tree grows with them.
    create index secrets_of_owner on secrets using hash (owner);
    drop index instance_tokens_of_instance;
    create index instance_tokens_of_instance on instance_tokens using hash (instance_id);
  `.execute(db)
}
