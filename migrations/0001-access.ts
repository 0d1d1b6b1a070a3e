import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    create sequence organizations_id_seq as bigint;
    create table organizations (
      organization_id bigint primary key,
      name text not null,
      created_at timestamptz(3) not null default now(),
      disabled_at timestamptz(3)
    );

    create sequence users_id_seq as bigint;
    create table users (
      organization_id bigint not null references organizations,
      id bigint not null,
      email text not null,
      first_name text not null default '',
      last_name text not null default '',
      role text not null check (role in ('user', 'org-admin')),
      active boolean not null default true,
      created_at timestamptz(3) not null default now(),
      primary key (organization_id, id)
    );

    -- The one directory outside the tenants: an e-mail address is unique per installation.
    create table logins (
      email text primary key,
      organization_id bigint not null,
      user_id bigint not null,
      foreign key (organization_id, user_id) references users on delete cascade
    );

    -- Without a user it is the organization's own secret.
    create table access_secrets (
      organization_id bigint not null references organizations,
      hash bytea not null,
      pepper_id integer not null,
      user_id bigint,
      secret_version integer not null default 1,
      created_at timestamptz(3) not null default now(),
      primary key (organization_id, hash),
      foreign key (organization_id, user_id) references users on delete cascade
    );
  `.execute(db)
}
