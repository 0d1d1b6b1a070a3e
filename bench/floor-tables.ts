import { hash } from 'node:crypto'
import pg from 'pg'

/** What a caller sends, and which rows it stands for. */
export interface Caller {
  organizationId: number
  userId: number
  organizationSecret: string
  userSecret: string
}

/** The service's tables with their indexes and foreign keys, without what the floor has no use for. */
const tables = `
  create schema floor;
  set search_path = floor;
  create table organizations (
    organization_id bigint primary key,
    name text not null,
    disabled_at timestamptz(3)
  );
  create table users (
    organization_id bigint not null,
    id bigint not null,
    email text not null,
    active boolean not null default true,
    primary key (organization_id, id)
  );
  create table access_secrets (
    organization_id bigint not null,
    hash bytea not null,
    user_id bigint,
    primary key (organization_id, hash),
    foreign key (organization_id, user_id) references users on delete cascade
  );
  create table element_versions (
    element_id bigint not null,
    version text not null,
    primary key (element_id, version)
  );
  create sequence instances_id_seq as bigint start 1000;
  create table instances (
    organization_id bigint not null,
    id bigint not null default nextval('instances_id_seq'),
    user_id bigint not null,
    element_id bigint not null,
    element_version text not null,
    name text not null,
    tags text[] not null,
    configuration jsonb not null,
    authentication_type text not null,
    settings jsonb not null default '{}',
    warnings jsonb not null default '[]',
    external_id text,
    state text not null,
    state_since timestamptz(3) not null default now(),
    verified_at timestamptz(3),
    created_at timestamptz(3) not null default now(),
    updated_at timestamptz(3) not null default now(),
    primary key (organization_id, id),
    foreign key (organization_id, user_id) references users,
    foreign key (element_id, element_version) references element_versions
  );
  create index instances_of_user on instances (organization_id, user_id, id);
  create index instances_by_external_id on instances (organization_id, external_id, id)
    where external_id is not null;
  create table secrets (
    organization_id bigint not null,
    owner text not null,
    entry text not null,
    secret_version integer not null,
    origins text[] not null,
    sealed text not null,
    created_at timestamptz(3) not null default now(),
    primary key (organization_id, owner, entry, secret_version)
  );
  create table instance_tokens (
    organization_id bigint not null,
    hash bytea not null,
    instance_id bigint not null,
    created_at timestamptz(3) not null default now(),
    primary key (organization_id, hash),
    foreign key (organization_id, instance_id) references instances on delete cascade
  );
  create index instance_tokens_of_instance on instance_tokens (organization_id, instance_id);
  create sequence audit_entries_id_seq as bigint cache 64;
  create table audit_entries (
    organization_id bigint not null,
    id bigint not null default nextval('audit_entries_id_seq'),
    at timestamptz(3) not null default now(),
    user_id bigint,
    action text not null,
    instance_id bigint,
    request_id text not null,
    primary key (organization_id, id)
  );`

/** Makes the floor's tables in a schema of their own, and the one caller that it knows. */
export async function createFloorTables(url: string, caller: Caller): Promise<string> {
  const { organizationId, userId, organizationSecret, userSecret } = caller
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(tables)
    await client.query('insert into organizations values ($1, $2)', [organizationId, 'Floor'])
    await client.query('insert into users values ($1, $2, $3)', [organizationId, userId, 'a@b'])
    await client.query('insert into access_secrets values ($1, $2, null), ($1, $3, $4)', [
      organizationId,
      hash('sha256', organizationSecret, 'buffer'),
      hash('sha256', userSecret, 'buffer'),
      userId,
    ])
    await client.query("insert into element_versions values (117, '1')")
  } finally {
    await client.end()
  }
  const floor = new URL(url)
  floor.searchParams.set('options', '-c search_path=floor')
  return floor.href
}
