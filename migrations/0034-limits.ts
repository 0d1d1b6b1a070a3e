import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    -- Processes that hold places in pools. Whoever is not here any more holds none.
    create table limit_replicas (
      id bigint primary key,
      -- In microseconds, by this database's clock, as all times here.
      alive_until bigint not null
    );

    -- A budget: that of an instance (instance/<id>) or one that instances share (shared/<id>).
    create table limit_budgets (
      organization_id bigint not null references organizations,
      name text not null,
      -- Of what its windows were read from.
      revision bigint not null,
      paused_until bigint not null default 0,
      -- When nothing of it counts any more.
      expires_at timestamptz(3) not null default now() + interval '3 days',
      primary key (organization_id, name)
    );
    create index limit_budgets_by_end on limit_budgets (organization_id, expires_at);

    -- What was granted in each window, in batches from the first grant to the last. Without an amount:
    -- it is kept for the case that the window comes back.
    create table limit_windows (
      organization_id bigint not null,
      budget text not null,
      period bigint not null,
      margin bigint not null,
      amount integer,
      granted_at bigint not null default 0,
      firsts bigint[] storage plain not null default '{}',
      lasts bigint[] storage plain not null default '{}',
      counts integer[] storage plain not null default '{}',
      primary key (organization_id, budget, period),
      foreign key (organization_id, budget) references limit_budgets on delete cascade
    ) with (fillfactor = 40);

    -- The processes in which calls wait for a budget.
    create table limit_askers (
      organization_id bigint not null,
      budget text not null,
      replica bigint not null,
      waiting integer not null,
      waiting_since bigint not null,
      asked_at bigint not null,
      primary key (organization_id, budget, replica),
      foreign key (organization_id, budget) references limit_budgets on delete cascade
    ) with (fillfactor = 40);

    create table limit_pools (
      organization_id bigint not null references organizations,
      name text not null,
      revision bigint not null,
      places integer not null,
      expires_at timestamptz(3) not null default now() + interval '3 days',
      primary key (organization_id, name)
    );
    create index limit_pools_by_end on limit_pools (organization_id, expires_at);

    -- The processes that hold places of a pool, or wait for them.
    create table limit_holders (
      organization_id bigint not null,
      pool text not null,
      replica bigint not null,
      held integer not null,
      -- For whom, as the process last said: [instance, calls].
      calls jsonb not null default '[]',
      waiting integer not null,
      waiting_since bigint not null,
      asked_at bigint not null,
      granted_at bigint not null,
      -- Of the process's last question; what arrives later than a newer one counts for nothing.
      question bigint not null,
      primary key (organization_id, pool, replica),
      foreign key (organization_id, pool) references limit_pools on delete cascade
    ) with (fillfactor = 40);
  `.execute(db)
  await sql`
    create function limit_clock() returns bigint language sql volatile as $$
      select (extract(epoch from clock_timestamp()) * 1000000)::bigint
    $$;

    -- Locks the row of a budget, made where there is none, and gives it the windows of a newer revision.
    -- A window that is added counts what others know of its time.
    create function limit_open_budget(
      organization bigint, budget_name text, given_revision bigint, amounts integer[],
      periods bigint[], margins bigint[], clock bigint
    ) returns limit_budgets language plpgsql as $$
      declare
        found_budget limit_budgets;
        donor limit_windows;
        known limit_windows;
        cut bigint;
      begin
        loop
          select * into found_budget from limit_budgets
          where organization_id = organization and name = budget_name for update;
          exit when found;
          insert into limit_budgets (organization_id, name, revision)
          values (organization, budget_name, -1) on conflict do nothing;
        end loop;
        if given_revision <= found_budget.revision then
          return found_budget;
        end if;
        select * into donor from limit_windows
        where organization_id = organization and budget = budget_name and amount is not null
        order by period desc limit 1;
        update limit_windows set amount = null
        where organization_id = organization and budget = budget_name
          and not period = any (periods);
        for i in 1 .. cardinality(periods) loop
          select * into known from limit_windows
          where organization_id = organization and budget = budget_name and period = periods[i];
          if found and known.amount is not null then
            update limit_windows set amount = amounts[i], margin = margins[i]
            where organization_id = organization and budget = budget_name and period = periods[i];
          else
            -- What it knows itself ends where it was last in force.
            cut := coalesce(known.granted_at, 0);
            insert into limit_windows as w
              (organization_id, budget, period, margin, amount, granted_at, firsts, lasts, counts)
            select organization, budget_name, periods[i], margins[i], amounts[i],
              greatest(cut, coalesce(donor.granted_at, 0)),
              coalesce(array_agg(f order by f), '{}'), coalesce(array_agg(l order by f), '{}'),
              coalesce(array_agg(c order by f), '{}')
            from (
              select * from unnest(known.firsts, known.lasts, known.counts) as own (f, l, c)
              union all
              select * from unnest(donor.firsts, donor.lasts, donor.counts) as other (f, l, c)
              where l > cut
            ) as batches
            where l > coalesce(clock, limit_clock()) - periods[i] - margins[i]
            on conflict (organization_id, budget, period) do update set amount = excluded.amount,
              margin = excluded.margin, granted_at = excluded.granted_at, firsts = excluded.firsts, lasts = excluded.lasts,
              counts = excluded.counts;
          end if;
        end loop;
        update limit_budgets set revision = given_revision
        where organization_id = organization and name = budget_name
        returning * into found_budget;
        return found_budget;
      end
    $$;
  `.execute(db)
  await sql`
    -- The row of a pool, locked; its size is that of the newest revision.
    create function limit_open_pool(
      organization bigint, pool_name text, given_revision bigint, given_places integer
    ) returns limit_pools language plpgsql as $$
      declare
        found_pool limit_pools;
      begin
        loop
          select * into found_pool from limit_pools
          where organization_id = organization and name = pool_name for update;
          exit when found;
          insert into limit_pools (organization_id, name, revision, places)
          values (organization, pool_name, given_revision, given_places) on conflict do nothing;
        end loop;
        if given_revision > found_pool.revision
          or found_pool.expires_at < now() + interval '2 days' then
          update limit_pools set expires_at = now() + interval '3 days',
            revision = greatest(revision, given_revision),
            places = case when given_revision > revision then given_places else places end
          where organization_id = organization and name = pool_name
          returning * into found_pool;
        end if;
        return found_pool;
      end
    $$;

    -- Grants calls of one process permits of a budget and places in pools, together or not at all.
    -- Wanted are runs of calls in their order, each of so many that need the same pools (bits of a
    -- mask); granted of each run are the first. What goes back goes to the batch that it came from.
    -- The process starts its calls within the margin, or as much later as is patience.
    -- Times are microseconds. Of a null budget there is none.
    create function limit_take(
      organization bigint, replica_id bigint, question_number bigint,
      budget_name text, given_revision bigint, amounts integer[], periods bigint[],
      margins bigint[], wait_count integer, waited bigint,
      patience bigint, back_at bigint[], back_counts integer[],
      pool_names text[], pool_revisions bigint[], pool_places integer[], pool_held integer[],
      pool_calls jsonb, pool_waiting integer[], pool_waited bigint[],
      run_counts integer[], run_pools bigint[], clock bigint default null,
      out granted integer[], out at bigint, out wait bigint, out lapsed boolean,
      out free_places integer[], out others_wait boolean[],
      out window_periods bigint[], out remaining integer[], out resets bigint[]
    ) language plpgsql as $$
      declare
        found_budget limit_budgets;
        found_pool limit_pools;
        windows limit_windows[];
        w limit_windows;
        known limit_holders;
        others record;
        permits bigint := 9000000000000000;
        left_over bigint[] := '{}';
        step bigint;
        room bigint;
        size integer;
        place integer;
        start integer;
        total integer := 0;
        count integer;
        quota numeric;
        took integer[];
        reset bigint;
        worth bigint;
        longest bigint := 0;
      begin
        lapsed := false;
        granted := array_fill(0, array[cardinality(run_counts)]);
        wait := 0;
        free_places := '{}';
        others_wait := '{}';
        window_periods := '{}';
        remaining := '{}';
        resets := '{}';
        if budget_name is not null then
          found_budget := limit_open_budget(
            organization, budget_name, given_revision, amounts, periods, margins, clock);
        end if;
        -- In the order of their names, as everyone locks them.
        for i in 1 .. cardinality(pool_names) loop
          found_pool := limit_open_pool(
            organization, pool_names[i], pool_revisions[i], pool_places[i]);
          free_places := free_places || found_pool.places;
        end loop;

        -- Only now that nobody else can grant is it time to look at the clock.
        at := coalesce(clock, limit_clock());
        if budget_name is not null then
          select array_agg(l order by l.period) into windows from limit_windows l
          where l.organization_id = organization and l.budget = budget_name;
          foreach w in array windows loop
            at := greatest(at, w.granted_at);
          end loop;
          if at < found_budget.paused_until then
            permits := 0;
            wait := found_budget.paused_until - at;
          end if;
          for i in 1 .. cardinality(windows) loop
            w := windows[i];
            size := cardinality(w.lasts);
            start := 1;
            while start <= size and w.lasts[start] <= at - w.period - w.margin loop
              start := start + 1;
            end loop;
            if start > 1 then
              w.firsts := w.firsts[start:];
              w.lasts := w.lasts[start:];
              w.counts := w.counts[start:];
              size := cardinality(w.lasts);
            end if;
            for k in 1 .. cardinality(back_at) loop
              place := size;
              while place > 0 and w.firsts[place] > back_at[k] loop
                place := place - 1;
              end loop;
              if place > 0 and w.lasts[place] >= back_at[k] then
                w.counts[place] := greatest(0, w.counts[place] - back_counts[k]);
              end if;
            end loop;
            windows[i] := w;
            longest := greatest(longest, w.period + w.margin);
            room := 0;
            if w.amount is not null then
              select w.amount - coalesce(sum(c), 0) into room from unnest(w.counts) as c;
              -- After a pause it begins with a tenth, and doubles with every period, a minute at most.
              if found_budget.paused_until > 0 and at >= found_budget.paused_until then
                step := (at - found_budget.paused_until) / least(w.period, 60000000);
                if step < 4 then
                  room := least(room, ceil(w.amount::numeric * (1 << step::integer) / 10) - (
                    select coalesce(sum(c), 0) from unnest(w.lasts, w.counts) as b (l, c)
                    where l >= found_budget.paused_until));
                end if;
              end if;
              permits := least(permits, greatest(room, 0));
            end if;
            left_over := left_over || room;
          end loop;
          if wait_count > 0 and permits > 1 then
            select coalesce(sum(a.waiting), 0) as waiting into others from limit_askers a
            where a.organization_id = organization and a.budget = budget_name
              and a.replica <> replica_id and a.asked_at > at - 2000000;
            if others.waiting > 0 then
              -- Not in crumbs, each of which would have to be asked for by itself.
              permits := greatest(1, least(permits, windows[1].amount / 16),
                permits * wait_count / (wait_count + others.waiting));
            end if;
          end if;
        end if;

        if cardinality(pool_names) > 0 then
          if not exists (select from limit_replicas where id = replica_id) then
            lapsed := true;
            permits := 0;
          end if;
          for i in 1 .. cardinality(pool_names) loop
            select coalesce(sum(h.held), 0) as held,
              coalesce(sum(h.waiting) filter (where h.asked_at > at - 2000000), 0) as waiting,
              coalesce(sum(h.held + h.waiting)
                filter (where h.waiting > 0 and h.asked_at > at - 2000000), 0) as demand,
              min(h.granted_at)
                filter (where h.waiting > 0 and h.asked_at > at - 2000000) as granted_at
            into others from limit_holders h
            where h.organization_id = organization and h.pool = pool_names[i]
              and h.replica <> replica_id
              and exists (select from limit_replicas r where r.id = h.replica);
            select * into known from limit_holders h
            where h.organization_id = organization and h.pool = pool_names[i]
              and h.replica = replica_id;
            if known.question >= question_number then
              lapsed := true;
              permits := 0;
            end if;
            others_wait := others_wait || (others.waiting > 0);
            -- Where others wait as well, nobody has more than its share, and the last place goes to
            -- who got one the longest ago.
            place := free_places[i];
            free_places[i] := greatest(0, place - others.held - pool_held[i]);
            if others.waiting > 0 and free_places[i] > 0 then
              quota := place * (pool_held[i] + pool_waiting[i])::numeric
                / greatest(1, pool_held[i] + pool_waiting[i] + others.demand);
              free_places[i] := least(free_places[i], greatest(floor(quota) - pool_held[i],
                case when coalesce(known.granted_at, 0) <= others.granted_at then 1 else 0 end));
            end if;
          end loop;
        end if;

        took := array_fill(0, array[cardinality(pool_names)]);
        for r in 1 .. cardinality(run_counts) loop
          exit when permits <= 0;
          count := least(run_counts[r], permits);
          for i in 1 .. cardinality(pool_names) loop
            if (run_pools[r] >> (i - 1)) & 1 = 1 then
              count := least(count, free_places[i] - took[i]);
            end if;
          end loop;
          continue when count <= 0;
          for i in 1 .. cardinality(pool_names) loop
            if (run_pools[r] >> (i - 1)) & 1 = 1 then
              took[i] := took[i] + count;
            end if;
          end loop;
          granted[r] := count;
          permits := permits - count;
          total := total + count;
        end loop;

        if budget_name is not null then
          for i in 1 .. cardinality(windows) loop
            w := windows[i];
            size := cardinality(w.lasts);
            if total > 0 then
              -- Few batches are kept as they are; of many, one is as long as the 128th part.
              if size > 0 and w.firsts[size] = at or size >= 32
                and at - w.firsts[size] < w.period / 128 then
                w.lasts[size] := greatest(w.lasts[size], at + patience);
                w.counts[size] := w.counts[size] + total;
              else
                w.firsts := w.firsts || at;
                w.lasts := w.lasts || (at + patience);
                w.counts := w.counts || total;
              end if;
            end if;
            if total > 0 or cardinality(back_at) > 0 then
              update limit_windows l
              set firsts = w.firsts, lasts = w.lasts, counts = w.counts,
                granted_at = case when total > 0 then at else l.granted_at end
              where l.organization_id = organization and l.budget = budget_name
                and l.period = w.period;
            end if;
            if w.amount is not null then
              start := 1;
              while w.counts[start] = 0 loop
                start := start + 1;
              end loop;
              reset := coalesce(w.lasts[start] + w.period + w.margin - at, 0);
              -- It is worth asking when several come back, if that is soon after the first.
              place := start;
              count := coalesce(w.counts[start], 0);
              while count < w.amount / 32
                and w.lasts[place + 1] - w.lasts[start] < w.period / 200 loop
                place := place + 1;
                count := count + w.counts[place];
              end loop;
              worth := greatest(reset, coalesce(w.lasts[place] + w.period + w.margin - at, 0));
              if left_over[i] <= total then
                step := (at - found_budget.paused_until) / least(w.period, 60000000);
                if found_budget.paused_until > 0 and step between 0 and 3 then
                  worth := least(greatest(reset, 1000), (step + 1) * least(w.period, 60000000)
                    - (at - found_budget.paused_until));
                end if;
                wait := greatest(wait, worth);
              end if;
              window_periods := window_periods || w.period;
              remaining := remaining || greatest(0, left_over[i] - total)::integer;
              resets := resets || reset;
            end if;
          end loop;
          if wait_count > total then
            insert into limit_askers as a
              (organization_id, budget, replica, waiting, waiting_since, asked_at)
            values (organization, budget_name, replica_id, wait_count - total, at - waited, at)
            on conflict (organization_id, budget, replica) do update set
              waiting = excluded.waiting, waiting_since = excluded.waiting_since,
              asked_at = excluded.asked_at;
          else
            delete from limit_askers a
            where a.organization_id = organization and a.budget = budget_name
              and (a.replica = replica_id or a.asked_at < at - 60000000);
          end if;
          if found_budget.expires_at
            < now() + make_interval(secs => longest / 1000000.0) + interval '1 day' then
            update limit_budgets b
            set expires_at = now() + make_interval(secs => longest / 1000000.0) + interval '2 days'
            where b.organization_id = organization and b.name = budget_name;
          end if;
        end if;

        if not lapsed then
          for i in 1 .. cardinality(pool_names) loop
            free_places[i] := free_places[i] - took[i];
            insert into limit_holders as h (organization_id, pool, replica, held, calls, waiting,
              waiting_since, asked_at, granted_at, question)
            values (organization, pool_names[i], replica_id, pool_held[i] + took[i],
              pool_calls -> (i - 1), pool_waiting[i] - took[i], at - pool_waited[i], at,
              case when took[i] > 0 then at else 0 end, question_number)
            on conflict (organization_id, pool, replica) do update set
              held = excluded.held, calls = excluded.calls, waiting = excluded.waiting,
              waiting_since = excluded.waiting_since, asked_at = excluded.asked_at,
              granted_at = greatest(h.granted_at, excluded.granted_at),
              question = excluded.question;
          end loop;
        end if;
      end
    $$;

    -- Nobody is granted anything of a budget for so long; then it recovers step by step.
    create function limit_pause(
      organization bigint, budget_name text, given_revision bigint, amounts integer[],
      periods bigint[], margins bigint[], pause bigint, clock bigint default null
    ) returns void language plpgsql as $$
      begin
        perform limit_open_budget(
          organization, budget_name, given_revision, amounts, periods, margins, clock);
        update limit_budgets set
          paused_until = greatest(paused_until, coalesce(clock, limit_clock()) + pause),
          expires_at = greatest(expires_at, now() + make_interval(secs => pause / 1000000.0 + 86400))
        where organization_id = organization and name = budget_name;
      end
    $$;

    -- Says that a process lives, for so long; and which do not any more. False where it has not said so
    -- in time: then it holds nothing, and needs another id.
    create function limit_beat(replica_id bigint, lease bigint, is_new boolean)
    returns boolean language plpgsql as $$
      declare
        at bigint := limit_clock();
      begin
        if is_new then
          insert into limit_replicas (id, alive_until) values (replica_id, at + lease);
        else
          update limit_replicas set alive_until = at + lease
          where id = replica_id and alive_until > at;
          if not found then
            return false;
          end if;
        end if;
        delete from limit_replicas where id in (
          select id from limit_replicas where alive_until <= at for update skip locked);
        return true;
      end
    $$;
  `.execute(db)
}
