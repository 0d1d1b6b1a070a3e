import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    create sequence instance_states_id_seq as bigint;
    -- The states that an instance came to after its first, the newest fifty of them.
    create table instance_states (
      organization_id bigint not null,
      instance_id bigint not null,
      id bigint not null default nextval('instance_states_id_seq'),
      state text not null,
      reason text,
      since timestamptz(3) not null,
      primary key (organization_id, instance_id, id),
      foreign key (organization_id, instance_id) references instances on delete cascade
    );
    create function note_instance_state() returns trigger language plpgsql as $$
      begin
        insert into instance_states (organization_id, instance_id, state, reason, since)
        values (new.organization_id, new.id, new.state, new.state_reason, new.state_since);
        delete from instance_states
        where organization_id = new.organization_id and instance_id = new.id and id <= (
          select id from instance_states
          where organization_id = new.organization_id and instance_id = new.id
          order by id desc offset 50 limit 1);
        return null;
      end
    $$;
    create trigger instances_state_noted after update of state on instances for each row
      when (new.state <> old.state) execute function note_instance_state();
  `.execute(db)
}
