import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    create sequence webhooks_id_seq as bigint;
    -- The versions of its signing secret are secrets of the owner webhook/<id>.
    create table webhooks (
      organization_id bigint not null references organizations,
      id bigint not null,
      url text not null,
      events text[] not null,
      description text not null default '',
      active boolean not null default true,
      -- Why the service stopped it; null where a person did.
      inactive_reason text,
      secret_version integer not null default 1,
      -- Until then the version before signs, too.
      previous_until timestamptz(3),
      -- One after the other, since the last delivery that succeeded.
      failures integer not null default 0,
      failing_since timestamptz(3),
      paused_until timestamptz(3),
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      primary key (organization_id, id)
    );

    -- In the order of what happened to an instance: whoever draws an id holds the instance's row.
    create sequence webhook_deliveries_id_seq as bigint cache 1;
    create table webhook_deliveries (
      organization_id bigint not null,
      webhook_id bigint not null,
      id bigint not null,
      instance_id bigint not null,
      type text not null,
      data jsonb not null,
      state text not null default 'waiting' check (state in ('waiting', 'delivered', 'dead')),
      attempts integer not null default 0,
      -- Of these, the ones since it was queued last.
      tries integer not null default 0,
      queued_at timestamptz(3) not null default now(),
      created_at timestamptz(3) not null default now(),
      finished_at timestamptz(3),
      primary key (organization_id, webhook_id, id),
      foreign key (organization_id, webhook_id) references webhooks on delete cascade
    );
    create index webhook_deliveries_waiting
      on webhook_deliveries (organization_id, webhook_id, instance_id, id)
      where state = 'waiting';
    create index webhook_deliveries_by_state
      on webhook_deliveries (organization_id, webhook_id, state, id);
    create index webhook_deliveries_of_instance
      on webhook_deliveries (organization_id, webhook_id, instance_id, id);
    create index webhook_deliveries_by_time on webhook_deliveries (organization_id, created_at);

    create table webhook_attempts (
      organization_id bigint not null,
      webhook_id bigint not null,
      delivery_id bigint not null,
      number integer not null,
      at timestamptz(3) not null default now(),
      status integer,
      duration_ms integer not null,
      failure_kind text,
      failure_message text,
      answer text,
      primary key (organization_id, webhook_id, delivery_id, number),
      foreign key (organization_id, webhook_id, delivery_id) references webhook_deliveries
        on delete cascade
    );

    -- What waits for one webhook about one instance, the oldest first; there while any waits. Who
    -- delivers it moves next_at to when somebody else may. Whoever adds or ends a delivery locks it.
    create table webhook_lanes (
      organization_id bigint not null,
      webhook_id bigint not null,
      instance_id bigint not null,
      next_at timestamptz(3) not null,
      primary key (organization_id, webhook_id, instance_id),
      foreign key (organization_id, webhook_id) references webhooks on delete cascade
    );
    create index webhook_lanes_by_time on webhook_lanes (organization_id, webhook_id, next_at);

    create function delete_secrets_of_webhook() returns trigger language plpgsql as $$
      begin
        delete from secrets
          where organization_id = old.organization_id and owner = 'webhook/' || old.id;
        return null;
      end
    $$;
    create trigger deleted after delete on webhooks for each row
      execute function delete_secrets_of_webhook();

    -- Whoever changes an instance: what its organization subscribes to commits together with it,
    -- and a job where none is there already.
    create function tell_webhooks() returns trigger language plpgsql as $$
      declare
        about record;
        kind text;
        subscriber bigint;
        is_new boolean;
      begin
        -- Most organizations have none, and to lock those that there are costs more than to look.
        if not exists (select from webhooks w where w.active
          and w.organization_id = coalesce(new.organization_id, old.organization_id)) then
          return null;
        end if;
        if tg_op = 'DELETE' then
          about := old;
          kind := 'instance.deleted';
        elsif tg_op = 'INSERT' then
          about := new;
          kind := 'instance.created';
        else
          about := new;
          kind := 'instance.' || new.state;
        end if;
        for subscriber in
          select w.id from webhooks w
          where w.organization_id = about.organization_id and w.active
            and w.events && array[kind, '*'] and exists (
              select from organizations o
              where o.organization_id = about.organization_id and o.erasing_since is null)
          order by w.id
          -- One that is being deleted is not waited for.
          for key share of w skip locked
        loop
          insert into webhook_deliveries (organization_id, webhook_id, id, instance_id, type, data)
          values (about.organization_id, subscriber, nextval('webhook_deliveries_id_seq'), about.id,
            kind, jsonb_build_object(
              'instanceId', about.id,
              'elementKey', coalesce(
                (select e.key from element_versions e
                  where e.element_id = about.element_id and e.version = about.element_version),
                (select e.key from own_elements e
                  where e.organization_id = about.organization_id and e.id = about.element_id)),
              'name', about.name, 'externalId', about.external_id, 'tags', to_jsonb(about.tags),
              'userId', about.user_id, 'state', about.state, 'stateReason', about.state_reason));
          insert into webhook_lanes as lane (organization_id, webhook_id, instance_id, next_at)
          values (about.organization_id, subscriber, about.id, now())
          on conflict (organization_id, webhook_id, instance_id)
            do update set next_at = lane.next_at
          returning xmax = 0 into is_new;
          if is_new then
            perform jobs.send_job('deliver-events', jsonb_build_object(
              'organizationId', about.organization_id, 'webhookId', subscriber));
          end if;
        end loop;
        return null;
      end
    $$;
    create trigger webhooks_told_of_new after insert on instances for each row
      execute function tell_webhooks();
    create trigger webhooks_told_of_deleted after delete on instances for each row
      execute function tell_webhooks();
    create trigger webhooks_told_of_state after update of state on instances for each row
      when (new.state <> old.state and new.state in ('verified', 'failed', 'expiring'))
      execute function tell_webhooks();
  `.execute(db)
}
