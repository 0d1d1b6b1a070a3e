import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    -- The processes that may serve what they remember, and when each last heard from here. After a
    -- crash they all have to say so again.
    create unlogged table replicas (
      id uuid primary key,
      beat_at timestamptz(3) not null default now()
    );

    -- Whoever remembers opened instances hears of every change that matters to calls through them: of
    -- one, or of all of an organization. Never of inserts, last uses, checks and refreshed tokens.
    create function notify_instance_change() returns trigger language plpgsql as $$
      begin
        perform pg_notify('latchkey_instances', old.organization_id || '/' || old.id);
        return null;
      end
    $$;
    create trigger instances_changed after update on instances for each row
      when (old.revision is distinct from new.revision
        or old.disabled is distinct from new.disabled
        or (old.state = 'draft') is distinct from (new.state = 'draft')
        or old.user_id is distinct from new.user_id
        or old.element_version is distinct from new.element_version
        or old.authentication_type is distinct from new.authentication_type
        or old.oauth_app_id is distinct from new.oauth_app_id)
      execute function notify_instance_change();

    create function notify_instances_end() returns trigger language plpgsql as $$
      begin
        if (select count(*) from gone) <= 100 then
          perform pg_notify('latchkey_instances', organization_id || '/' || id) from gone;
        else
          perform pg_notify('latchkey_instances', organization_id::text)
          from (select distinct organization_id from gone) of_organizations;
        end if;
        return null;
      end
    $$;
    create trigger instances_ended after delete on instances
      referencing old table as gone
      for each statement execute function notify_instances_end();

    -- With its instance, a token ends without a word of its own.
    create function notify_instance_token_change() returns trigger language plpgsql as $$
      begin
        if exists (
          select from instances i
          where i.organization_id = old.organization_id and i.id = old.instance_id
        ) then
          perform pg_notify('latchkey_instances', old.organization_id || '/' || old.instance_id);
        end if;
        return null;
      end
    $$;
    create trigger instance_tokens_changed after update on instance_tokens for each row
      when (old.expires_at is distinct from new.expires_at
        or old.instance_id is distinct from new.instance_id)
      execute function notify_instance_token_change();
    create trigger instance_tokens_ended after delete on instance_tokens
      for each row execute function notify_instance_token_change();

    create function notify_change_for_instances() returns trigger language plpgsql as $$
      begin
        perform pg_notify('latchkey_instances', old.organization_id::text);
        return null;
      end
    $$;
    create trigger certificates_changed after update or delete on certificates
      for each row execute function notify_change_for_instances();
    create trigger oauth_apps_changed after update or delete on oauth_apps
      for each row execute function notify_change_for_instances();
    create trigger shared_limits_changed after update or delete on shared_limits
      for each row execute function notify_change_for_instances();

    create function notify_all_instances_change() returns trigger language plpgsql as $$
      begin
        perform pg_notify('latchkey_instances', '');
        return null;
      end
    $$;
    create trigger instances_truncated after truncate on instances
      for each statement execute function notify_all_instances_change();
    create trigger instance_tokens_truncated after truncate on instance_tokens
      for each statement execute function notify_all_instances_change();
  `.execute(db)
}
