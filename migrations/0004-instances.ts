import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    -- Of one length for long: the owners of secrets are texts, and only then stand in the order of
    -- ids, so that those of neighbours are neighbours in the index. Signed 32 bits hold them, too.
    create sequence instances_id_seq as bigint start 100000000;
    create table instances (
      organization_id bigint not null,
      id bigint not null,
      user_id bigint not null,
      element_id bigint not null,
      element_version text not null,
      name text not null,
      tags text[] not null,
      configuration jsonb not null,
      authentication_type text not null,
      settings jsonb not null,
      warnings jsonb not null default '[]',
      external_id text,
      external_authentication text not null default 'none',
      state text not null,
      state_since timestamptz(3) not null default now(),
      state_reason text,
      verified_at timestamptz(3),
      disabled boolean not null default false,
      revision integer not null default 1,
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      primary key (organization_id, id),
      foreign key (organization_id, user_id) references users,
      foreign key (element_id, element_version) references element_versions
    );
    create index instances_of_user on instances (organization_id, user_id, id);
    create index instances_by_external_id on instances (organization_id, external_id, id)
      where external_id is not null;

    create table instance_tokens (
      organization_id bigint not null,
      hash bytea not null,
      pepper_id integer not null,
      instance_id bigint not null,
      secret_version integer not null default 1,
      created_at timestamptz(3) not null default now(),
      primary key (organization_id, hash),
      foreign key (organization_id, instance_id) references instances on delete cascade
    );
    create index instance_tokens_of_instance on instance_tokens (organization_id, instance_id);
  `.execute(db)
}
