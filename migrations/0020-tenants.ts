import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    create sequence accounts_id_seq as bigint;
    create table accounts (
      organization_id bigint not null references organizations,
      id bigint not null,
      name text not null,
      description text not null default '',
      external_id text,
      is_default boolean not null default false,
      active boolean not null default true,
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      primary key (organization_id, id)
    );
    create unique index accounts_default on accounts (organization_id) where is_default;
    insert into accounts (organization_id, id, name, is_default)
      select organization_id, nextval('accounts_id_seq'), 'Default', true from organizations;

    alter table users add column account_id bigint;
    alter table users add column updated_at timestamptz(3) not null default now();
    update users set account_id = accounts.id from accounts
      where accounts.organization_id = users.organization_id;
    alter table users alter column account_id set not null;
    alter table users add foreign key (organization_id, account_id) references accounts;
    -- Not by the organization first: whoever looks for one user by its key is never tempted.
    create index users_of_account on users (account_id, organization_id, id);

    create trigger accounts_changed after update or delete or truncate on accounts
      for each statement execute function notify_access_change();

    -- Null: until another takes its place.
    alter table access_secrets add column expires_at timestamptz(3);
    create index access_secrets_of_user on access_secrets (organization_id, user_id);

    -- Each with the parameters that it was hashed with.
    create table passwords (
      organization_id bigint not null,
      user_id bigint not null,
      hash text not null,
      changed_at timestamptz(3) not null default now(),
      primary key (organization_id, user_id),
      foreign key (organization_id, user_id) references users on delete cascade
    );

    -- Bearer tokens, and codes that yield one once. Which of them a row is, its text began with.
    create table sign_in_tokens (
      organization_id bigint not null,
      hash bytea not null,
      pepper_id integer not null,
      user_id bigint not null,
      created_at timestamptz(3) not null default now(),
      expires_at timestamptz(3) not null,
      primary key (organization_id, hash),
      foreign key (organization_id, user_id) references users on delete cascade
    );
    create index sign_in_tokens_of_user on sign_in_tokens (organization_id, user_id);
    -- What has expired is cached nowhere, so that clearing it away says nothing.
    create function notify_access_end() returns trigger language plpgsql as $$
      begin
        if exists (select from gone where expires_at is null or expires_at > now()) then
          perform pg_notify('latchkey_access', '');
        end if;
        return null;
      end
    $$;
    create trigger deleted after delete on sign_in_tokens referencing old table as gone
      for each statement execute function notify_access_end();
    drop trigger access_secrets_changed on access_secrets;
    create trigger updated after update on access_secrets
      for each statement execute function notify_access_change();
    create trigger deleted after delete on access_secrets referencing old table as gone
      for each statement execute function notify_access_end();
    create trigger truncated after truncate on access_secrets
      for each statement execute function notify_access_change();
    create trigger truncated after truncate on sign_in_tokens
      for each statement execute function notify_access_change();

    -- Failed tries by account name and by network address, both hashed: a name that nobody has, which
    -- may be a password in the wrong field, belongs to no tenant.
    create table sign_in_attempts (
      subject bytea primary key,
      failures integer not null,
      last_at timestamptz(3) not null,
      free_at timestamptz
    );
    create index sign_in_attempts_by_time on sign_in_attempts (last_at);
  `.execute(db)
}
