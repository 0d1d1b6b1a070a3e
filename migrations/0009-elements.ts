import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    -- Below 10,000 are the catalogue's.
    create sequence own_elements_id_seq as bigint start 10000;
    create table own_elements (
      organization_id bigint not null references organizations,
      id bigint not null,
      key text not null,
      version text not null,
      -- What lists show and search, of the version that new instances get.
      name text not null,
      hub text not null,
      description text not null,
      -- Of the definition, in characters.
      size integer not null,
      active boolean not null default true,
      -- Who changed it last.
      user_id bigint,
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      primary key (organization_id, id),
      unique (organization_id, key),
      foreign key (organization_id, user_id) references users on delete set null (user_id)
    );

    -- json, not jsonb: a definition is read again as its author ordered it.
    create table own_element_versions (
      organization_id bigint not null,
      element_id bigint not null,
      version text not null,
      definition json not null,
      created_at timestamptz(3) not null default now(),
      primary key (organization_id, element_id, version),
      foreign key (organization_id, element_id) references own_elements on delete cascade
    );

    create table installed_elements (
      organization_id bigint not null,
      element_id bigint not null,
      version text not null,
      user_id bigint,
      installed_at timestamptz(3) not null default now(),
      primary key (organization_id, element_id),
      foreign key (organization_id, user_id) references users on delete set null (user_id)
    );

    -- An instance may point at a version of the organization's own, which only goes when none does.
    -- The catalogue's versions are never deleted, so that no key has to hold them: it would make
    -- all provisioning lock the same few rows.
    alter table instances drop constraint instances_element_id_element_version_fkey;
    alter table instances add column own_element_id bigint
      generated always as (case when element_id >= 10000 then element_id end) stored;
    alter table instances add foreign key (organization_id, own_element_id, element_version)
      references own_element_versions;
    create index instances_of_element on instances (organization_id, element_id, id);
    create index instances_of_own_version
      on instances (organization_id, own_element_id, element_version)
      where own_element_id is not null;

    -- Whoever caches what organizations have hears whose has changed. Inserts too: that something
    -- is not there is cached as well. A statement that changes no row says nothing.
    create function notify_elements_change() returns trigger language plpgsql as $$
      begin
        perform pg_notify('latchkey_elements', organization_id::text)
          from (select distinct organization_id from changed) organizations;
        return null;
      end
    $$;
    create function notify_all_elements_change() returns trigger language plpgsql as $$
      begin
        perform pg_notify('latchkey_elements', '');
        return null;
      end
    $$;
  `.execute(db)
  for (const table of ['own_elements', 'installed_elements']) {
    const name = sql.ref(table)
    await sql`
      create trigger inserted after insert on ${name} referencing new table as changed
        for each statement execute function notify_elements_change();
      create trigger updated after update on ${name} referencing new table as changed
        for each statement execute function notify_elements_change();
      create trigger deleted after delete on ${name} referencing old table as changed
        for each statement execute function notify_elements_change();
      create trigger truncated after truncate on ${name}
        for each statement execute function notify_all_elements_change();
    `.execute(db)
  }
}
