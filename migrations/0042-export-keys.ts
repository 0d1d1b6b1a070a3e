import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    -- Public keys, by their thumbprints, for which instances of the organization may leave.
    create table export_keys (
      organization_id bigint not null references organizations on delete cascade,
      kid text not null,
      created_at timestamptz(3) not null default now(),
      expires_at timestamptz(3) not null,
      primary key (organization_id, kid)
    );

    -- Calls are for who made them: whoever has the instance next begins a log of their own.
    create function end_call_log() returns trigger language plpgsql as $$
      begin
        new.call_log_until := null;
        delete from call_log_entries
          where organization_id = new.organization_id and instance_id = new.id;
        return new;
      end
    $$;
    create trigger instances_owner_changed before update of user_id on instances for each row
      when (old.user_id is distinct from new.user_id) execute function end_call_log();

    -- What was signed in to with the two secrets ends with either of them; so does what nobody knows it of.
    alter table sign_in_tokens add column by_secrets boolean not null default true;
  `.execute(db)
}
