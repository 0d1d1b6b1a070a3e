import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    create table element_versions (
      element_id bigint not null,
      version text not null,
      key text not null,
      definition jsonb not null,
      created_at timestamptz(3) not null default now(),
      primary key (element_id, version)
    );
  `.execute(db)
}
