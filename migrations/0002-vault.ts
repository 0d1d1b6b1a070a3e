import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    -- One row for each key-encryption key that a generation is wrapped under.
    create table peppers (
      id integer not null,
      kek_id text not null,
      wrapped text not null,
      created_at timestamptz(3) not null default now(),
      primary key (id, kek_id)
    );
    create table data_keys (
      organization_id bigint not null references organizations,
      id integer not null,
      kek_id text not null,
      wrapped text not null,
      created_at timestamptz(3) not null default now(),
      primary key (organization_id, id, kek_id)
    );

    -- No foreign key here and in what else every request writes: each would lock the organization's
    -- one row. Its users' key guards it.
    create table secrets (
      organization_id bigint not null,
      owner text not null,
      entry text not null,
      secret_version integer not null,
      origins text[] not null,
      data_key_id integer not null,
      sealed text not null,
      created_at timestamptz(3) not null default now(),
      primary key (organization_id, owner, entry, secret_version)
    );

    create table key_rotations (
      id integer generated always as identity primary key,
      kek_id text not null,
      started_at timestamptz(3) not null default now(),
      finished_at timestamptz(3)
    );
  `.execute(db)
}
