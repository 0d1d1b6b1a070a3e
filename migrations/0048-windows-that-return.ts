import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    -- Locks the row of a budget, made where there is none, and gives it the windows of a newer revision.
    -- A window that is added counts what others know of its time. One that comes back knows itself what
    -- was granted until it went: until then a batch may have lasted for longer than its last grant.
    create or replace function limit_open_budget(
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
              where f > cut or l > cut and donor.granted_at > cut
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
}
