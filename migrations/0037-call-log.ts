import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    -- Until then its calls are kept to be looked at.
    alter table instances add column call_log_until timestamptz(3);
    create trigger instances_call_log_changed after update on instances for each row
      when (old.call_log_until is distinct from new.call_log_until)
      execute function notify_instance_change();

    create sequence call_log_entries_id_seq as bigint;
    create table call_log_entries (
      organization_id bigint not null,
      instance_id bigint not null,
      id bigint not null default nextval('call_log_entries_id_seq'),
      -- Of the content, in bytes: an instance keeps so much and no more.
      size integer not null,
      -- Without any secret.
      content jsonb not null,
      expires_at timestamptz(3) not null default now() + interval '24 hours',
      primary key (organization_id, instance_id, id),
      foreign key (organization_id, instance_id) references instances on delete cascade
    );
    create index call_log_entries_by_end on call_log_entries (organization_id, expires_at);
  `.execute(db)
}
