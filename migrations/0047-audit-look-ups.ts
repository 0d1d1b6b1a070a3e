import { type Kysely, sql } from 'kysely'

/** Five seconds for a million entries, during which none is written. */
export async function up(db: Kysely<unknown>) {
  await sql`
    -- An instance is new where most of its entries are written: ids that grow are added at the end
    -- of the tree, which takes one read however high it is.
    drop index audit_entries_by_instance;
    create index audit_entries_by_instance on audit_entries (instance_id, organization_id, at, id)
      where instance_id is not null;
    -- A request's few entries, in as many reads however many there are.
    drop index audit_entries_by_request;
    create index audit_entries_by_request on audit_entries using hash (request_id);
  `.execute(db)
}
