import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    create table idempotency_claims (
      organization_id bigint not null,
      user_id bigint not null,
      route text not null,
      key text not null,
      holder text not null,
      pepper_id integer not null,
      fingerprint bytea not null,
      expires_at timestamptz(3) not null,
      data_key_id integer,
      sealed text,
      primary key (organization_id, user_id, route, key)
    );
    -- A claim is either under way (no answer yet; expires_at ends its lease) or answered.
    create index idempotency_claims_by_expiry on idempotency_claims (organization_id, expires_at);
  `.execute(db)
}
