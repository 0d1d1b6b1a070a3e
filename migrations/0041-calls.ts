import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    create sequence calls_id_seq as bigint;
    -- Calls that are sent when the limits let them through, in the order of their ids within an
    -- instance. What is sent and what is answered are the secrets 'request' and 'answer' of the owner
    -- call/<id>.
    create table calls (
      organization_id bigint not null references organizations,
      id bigint not null,
      instance_id bigint not null,
      user_id bigint not null,
      method text not null,
      -- Bytes of the body.
      size integer not null,
      state text not null default 'waiting'
        check (state in ('waiting', 'sending', 'done', 'failed', 'cancelled')),
      -- Times it was sent, or was tried to be.
      attempts integer not null default 0,
      -- Before that it is not tried, and what came after it waits behind it.
      next_at timestamptz(3) not null default now(),
      -- Whoever takes it raises this: it tells a sender whether the call is still its own.
      claims integer not null default 0,
      -- After that another may send it.
      leased_until timestamptz(3),
      -- The vendor's.
      status integer,
      -- Why it failed, or was cancelled by something else than its user.
      code text,
      message text,
      created_at timestamptz(3) not null default now(),
      finished_at timestamptz(3),
      expires_at timestamptz(3),
      primary key (organization_id, id)
    );
    create index calls_waiting on calls (organization_id, instance_id, id) include (size)
      where state in ('waiting', 'sending');
    create index calls_of_user on calls (organization_id, user_id, id);
    create index calls_by_end on calls (organization_id, expires_at) where expires_at is not null;

    -- They were its owner's, and go through it alone.
    create function cancel_calls_of_instance() returns trigger language plpgsql as $$
      begin
        with cancelled as (
          update calls set state = 'cancelled', leased_until = null, code = 'instance-not-found',
            message = 'The instance was deleted, or is somebody else''s now.',
            finished_at = now(), expires_at = now() + interval '24 hours'
          where organization_id = old.organization_id and instance_id = old.id
            and state in ('waiting', 'sending')
          returning id
        )
        delete from secrets using cancelled
        where secrets.organization_id = old.organization_id
          and secrets.owner = 'call/' || cancelled.id;
        return null;
      end
    $$;
    create trigger calls_cancelled_with_it after delete on instances for each row
      execute function cancel_calls_of_instance();
    create trigger calls_cancelled_with_owner after update of user_id on instances for each row
      when (new.user_id <> old.user_id) execute function cancel_calls_of_instance();

    -- What an organization subscribes to commits together with what it tells of, and a job where
    -- none is there already.
    create function queue_for_webhooks(about instances, kind text, more jsonb) returns void
    language plpgsql as $$
      declare
        subscriber bigint;
        is_new boolean;
      begin
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
              'userId', about.user_id, 'state', about.state, 'stateReason', about.state_reason)
              || more);
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
      end
    $$;

    create or replace function tell_webhooks() returns trigger language plpgsql as $$
      begin
        -- Most organizations have none, and to lock those that there are costs more than to look.
        if not exists (select from webhooks w where w.active
          and w.organization_id = coalesce(new.organization_id, old.organization_id)) then
          return null;
        end if;
        if tg_op = 'DELETE' then
          perform queue_for_webhooks(old, 'instance.deleted', '{}');
        elsif tg_op = 'INSERT' then
          perform queue_for_webhooks(new, 'instance.created', '{}');
        else
          perform queue_for_webhooks(new, 'instance.' || new.state, '{}');
        end if;
        return null;
      end
    $$;

    create function tell_webhooks_of_call() returns trigger language plpgsql as $$
      declare
        about instances;
      begin
        if not exists (select from webhooks w where w.active
          and w.organization_id = new.organization_id) then
          return null;
        end if;
        -- Events of an instance are in order: whoever tells one holds its row.
        select * into about from instances i
          where i.organization_id = new.organization_id and i.id = new.instance_id
          for no key update;
        if found then
          perform queue_for_webhooks(about, 'call.' || new.state, jsonb_build_object('call',
            jsonb_build_object('id', new.id, 'method', new.method, 'state', new.state,
              'status', new.status, 'code', new.code)));
        end if;
        return null;
      end
    $$;
    create trigger webhooks_told_of_end after update of state on calls for each row
      when (new.state <> old.state and new.state in ('done', 'failed'))
      execute function tell_webhooks_of_call();
  `.execute(db)
}
