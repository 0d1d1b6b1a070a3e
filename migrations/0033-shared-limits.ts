import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    create sequence shared_limits_id_seq as bigint;
    -- Rate limits and connection pools that several instances name in their settings. The terms are
    -- windows, or how many calls may be in flight; the revision counts their changes.
    create table shared_limits (
      organization_id bigint not null,
      id bigint not null default nextval('shared_limits_id_seq'),
      kind text not null check (kind in ('rate-limit', 'connection-pool')),
      user_id bigint not null,
      name text not null,
      shared boolean not null,
      terms jsonb not null,
      revision integer not null default 1,
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      primary key (organization_id, id),
      foreign key (organization_id, user_id) references users
    );
    create index shared_limits_of_kind on shared_limits (organization_id, kind, id);

    -- None of them can be deleted while an instance names it.
    alter table instances
      add column rate_limit_id bigint
        generated always as ((settings ->> 'rateLimitId')::bigint) stored,
      add column connection_pool_id bigint
        generated always as ((settings ->> 'connectionPoolId')::bigint) stored,
      add foreign key (organization_id, rate_limit_id) references shared_limits,
      add foreign key (organization_id, connection_pool_id) references shared_limits;
    create index instances_of_rate_limit on instances (organization_id, rate_limit_id, id)
      where rate_limit_id is not null;
    create index instances_of_connection_pool on instances (organization_id, connection_pool_id, id)
      where connection_pool_id is not null;
  `.execute(db)
}
