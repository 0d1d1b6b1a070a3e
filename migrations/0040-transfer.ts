import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    -- As what an organization's instances are known to installations that take them over.
    alter table organizations add column transfer_id uuid not null default gen_random_uuid();
    -- When its tokens went elsewhere; null again once somebody has enabled or disabled it.
    alter table instances add column moved_at timestamptz(3);

    create sequence import_keys_id_seq as bigint;
    -- For whom others seal secrets; the private key is a secret of the owner import-key/<id>.
    create table import_keys (
      organization_id bigint not null,
      id bigint not null,
      user_id bigint not null,
      kid text not null,
      public_key jsonb not null,
      created_at timestamptz(3) not null default now(),
      expires_at timestamptz(3) not null,
      primary key (organization_id, id),
      foreign key (organization_id, user_id) references users on delete cascade
    );
    create unique index import_keys_by_kid on import_keys (organization_id, kid);
    create index import_keys_of_user on import_keys (organization_id, user_id, id);
    create index import_keys_by_end on import_keys (organization_id, expires_at);

    -- However one goes: its private key goes then.
    create function delete_secrets_of_import_key() returns trigger language plpgsql as $$
      begin
        delete from secrets
          where organization_id = old.organization_id and owner = 'import-key/' || old.id;
        return null;
      end
    $$;
    create trigger deleted after delete on import_keys for each row
      execute function delete_secrets_of_import_key();

    -- What has come from elsewhere, so that it comes once. Without an instance: somebody is at it,
    -- until the lease ends.
    create table imports (
      organization_id bigint not null,
      user_id bigint not null,
      source uuid not null,
      source_id bigint not null,
      instance_id bigint,
      holder uuid,
      lease_until timestamptz(3),
      created_at timestamptz(3) not null default now(),
      primary key (organization_id, user_id, source, source_id),
      foreign key (organization_id, user_id) references users on delete cascade,
      foreign key (organization_id, instance_id) references instances on delete cascade
    );
    create index imports_of_instance on imports (organization_id, instance_id)
      where instance_id is not null;
    create index imports_by_lease on imports (organization_id, lease_until)
      where lease_until is not null;
  `.execute(db)
}
