import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    create sequence audit_entries_id_seq as bigint cache 64;
    create table audit_entries (
      organization_id bigint not null,
      id bigint not null default nextval('audit_entries_id_seq'),
      at timestamptz(3) not null default now(),
      user_id bigint,
      action text not null,
      instance_id bigint,
      request_id text not null,
      address text,
      detail jsonb not null default '{}',
      primary key (organization_id, id)
    );
  `.execute(db)
}
