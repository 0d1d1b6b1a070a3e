import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    -- The tags of instances in the order of ids, so that a page of those with a tag costs the same
    -- wherever it is and however many there are. Kept by triggers, whoever writes an instance.
    create table instance_tags (
      organization_id bigint not null,
      user_id bigint not null,
      tag text not null,
      instance_id bigint not null,
      primary key (organization_id, user_id, tag, instance_id)
    );
    insert into instance_tags (organization_id, user_id, tag, instance_id)
      select distinct organization_id, user_id, tag, id from instances, unnest(tags) tag;

    create function add_instance_tags() returns trigger language plpgsql as $$
      begin
        -- Most have one, which is their name; to look for doubles costs more than to store it.
        if cardinality(new.tags) = 1 then
          insert into instance_tags (organization_id, user_id, tag, instance_id)
            values (new.organization_id, new.user_id, new.tags[1], new.id);
        else
          insert into instance_tags (organization_id, user_id, tag, instance_id)
            select distinct new.organization_id, new.user_id, tag, new.id from unnest(new.tags) tag;
        end if;
        return null;
      end
    $$;
    create function remove_instance_tags() returns trigger language plpgsql as $$
      begin
        delete from instance_tags t using gone g, unnest(g.tags) gone_tag
          where t.organization_id = g.organization_id and t.user_id = g.user_id
            and t.tag = gone_tag and t.instance_id = g.id;
        return null;
      end
    $$;
    create function change_instance_tags() returns trigger language plpgsql as $$
      begin
        delete from instance_tags
          where organization_id = old.organization_id and user_id = old.user_id
            and tag = any(old.tags) and instance_id = old.id;
        insert into instance_tags (organization_id, user_id, tag, instance_id)
          select distinct new.organization_id, new.user_id, tag, new.id from unnest(new.tags) tag;
        return null;
      end
    $$;
    create trigger tags_added after insert on instances for each row
      execute function add_instance_tags();
    create trigger tags_removed after delete on instances referencing old table as gone
      for each statement execute function remove_instance_tags();
    create trigger tags_changed after update of tags, user_id on instances
      for each row when (old.tags is distinct from new.tags or old.user_id <> new.user_id)
      execute function change_instance_tags();

    -- Every three characters that follow each other in a text, as numbers of that user's alone: an
    -- index of them answers which names of a user may hold a text, without reading anybody else's.
    -- An extension would do no better, and not everybody may create one.
    create function instance_grams(organization_id bigint, user_id bigint, text text)
      returns bigint[] language plpgsql immutable parallel safe cost 1000 as $$
      declare
        folded constant text := lower(text);
        owner constant bigint := hashint8extended(organization_id, user_id);
        grams bigint[] := '{}';
      begin
        for place in 1 .. length(folded) - 2 loop
          grams := grams || hashtextextended(substr(folded, place, 3), owner);
        end loop;
        return grams;
      end
    $$;
    create index instances_by_name on instances
      using gin (instance_grams(organization_id, user_id, name))
      with (fastupdate = on, gin_pending_list_limit = 64);

    create index instances_of_user_by_element
      on instances (organization_id, user_id, element_id, id);
    create index instances_of_user_by_state
      on instances (organization_id, user_id, state, id) where state <> 'verified';
    create index instances_of_user_disabled
      on instances (organization_id, user_id, id) where disabled;
  `.execute(db)
}
