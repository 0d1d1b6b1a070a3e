import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    -- Ids in the order of the deeds, whichever connection wrote them.
    alter sequence audit_entries_id_seq cache 1;
    alter table audit_entries
      add column actor text not null default 'user' check (actor in ('user', 'operator', 'service')),
      -- Whose it is, where somebody else did it.
      add column owner_id bigint check (owner_id <> user_id);

    -- Every list is in the order of time, the latest first, and pages by (at, id).
    alter table audit_entries drop constraint audit_entries_pkey;
    alter table audit_entries add primary key (organization_id, at, id);
    create index audit_entries_by_user on audit_entries (organization_id, user_id, at, id);
    create index audit_entries_by_owner on audit_entries (organization_id, owner_id, at, id)
      where owner_id is not null;
    create index audit_entries_by_instance on audit_entries (organization_id, instance_id, at, id)
      where instance_id is not null;
    create index audit_entries_by_action on audit_entries (organization_id, action, at, id);
    create index audit_entries_by_request on audit_entries (organization_id, request_id);

    -- Append-only: a transaction that takes something away has to say as what it does so, and then
    -- may do no more than that. An erasure of a person may forget where from, and details.
    create function guard_audit_entries() returns trigger language plpgsql as $$
      declare
        purpose constant text := coalesce(current_setting('latchkey.audit', true), '');
      begin
        if tg_op = 'DELETE' and purpose in ('retention', 'erasure') then
          return old;
        end if;
        if tg_op = 'UPDATE' and purpose = 'erasure' and new.address is null
          and new.detail <@ old.detail
          and (new.organization_id, new.id, new.at, new.actor, new.action, new.request_id)
            = (old.organization_id, old.id, old.at, old.actor, old.action, old.request_id)
          and (new.user_id, new.owner_id, new.instance_id)
            is not distinct from (old.user_id, old.owner_id, old.instance_id) then
          return new;
        end if;
        raise exception 'the audit is append-only' using errcode = 'restrict_violation';
      end
    $$;
    create trigger append_only before update or delete on audit_entries
      for each row execute function guard_audit_entries();
    create trigger never_truncated before truncate on audit_entries
      for each statement execute function guard_audit_entries();

    create table retention_settings (
      organization_id bigint not null references organizations,
      kind text not null,
      days integer not null check (days >= 0),
      primary key (organization_id, kind)
    );

    -- From then on its keys are gone, and its rows go.
    alter table organizations add column erasing_since timestamptz(3);
    create index organizations_in_erasure on organizations (organization_id)
      where erasing_since is not null;
    create index access_secrets_by_end on access_secrets (organization_id, expires_at)
      where expires_at is not null;
    create index sign_in_tokens_by_end on sign_in_tokens (organization_id, expires_at);
    create index logins_of_user on logins (organization_id, user_id);
  `.execute(db)
}
