import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    -- What client apps say of an instance: that they use it, and for what.
    create table instance_references (
      organization_id bigint not null,
      instance_id bigint not null,
      name text not null,
      url text,
      description text,
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      primary key (organization_id, instance_id, name),
      foreign key (organization_id, instance_id) references instances on delete cascade
    );

    -- Null: until another takes its place. The newest of an instance has no end.
    alter table instance_tokens add column expires_at timestamptz(3);
    alter table instance_tokens add column last_used_at timestamptz(3);
    create index instance_tokens_by_end on instance_tokens (organization_id, expires_at)
      where expires_at is not null;

    -- When the service looks after an instance by itself; null: not until somebody has proved it. Not
    -- long after that it decides when to try it again: whoever stores an instance need not know.
    alter table instances
      add column check_at timestamptz(3) default now() + random() * interval '1 day',
      -- What came of the last try: verdict, at, message, times (in a row). Null where somebody has
      -- proved the instance since.
      add column last_check jsonb,
      -- By the vendor, one after the other.
      add column refusals smallint not null default 0;
    alter table instances
      alter column check_at set default now() + (0.5 + random()) * interval '1 hour';
    update instances set check_at = null where disabled or state in ('draft', 'failed');
    create index instances_to_check on instances (organization_id, check_at)
      where check_at is not null;

    -- What people, calls and refreshes find out begins everything anew, whoever writes it.
    create function plan_check() returns trigger language plpgsql as $$
      begin
        new.last_check := null;
        new.refusals := 0;
        new.check_at := case
          when not new.disabled and new.state in ('verified', 'unverified', 'expiring')
          then now() + (0.5 + random()) * interval '1 hour'
        end;
        return new;
      end
    $$;
    create trigger check_planned before update of state, verified_at, disabled on instances
      for each row when (
        new.last_check is not distinct from old.last_check
        and new.check_at is not distinct from old.check_at
        and (new.state <> old.state or new.verified_at is distinct from old.verified_at
          or new.disabled <> old.disabled))
      execute function plan_check();

    create sequence verification_runs_id_seq as bigint;
    -- Many instances that somebody has tried at once.
    create table verification_runs (
      organization_id bigint not null,
      id bigint not null,
      user_id bigint not null,
      count integer not null,
      created_at timestamptz(3) not null default now(),
      finished_at timestamptz(3),
      -- Whoever runs it moves this on: past it, and not finished, nobody does.
      alive_until timestamptz(3) not null,
      expires_at timestamptz(3) not null,
      primary key (organization_id, id),
      foreign key (organization_id, user_id) references users on delete cascade
    );
    create index verification_runs_by_end on verification_runs (organization_id, expires_at);
    create index verification_runs_of_user on verification_runs (organization_id, user_id, id);
    create table verification_results (
      organization_id bigint not null,
      run_id bigint not null,
      instance_id bigint not null,
      verdict text,
      code text,
      message text,
      state text,
      at timestamptz(3) not null default now(),
      primary key (organization_id, run_id, instance_id),
      foreign key (organization_id, run_id) references verification_runs on delete cascade
    );
  `.execute(db)
}
