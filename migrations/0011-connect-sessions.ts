import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    create sequence connect_sessions_id_seq as bigint;
    -- What a client app asked for and its customer does on our page. The link is used up by opening
    -- it; from then on the page has a key of its own. What the client app set beforehand is a secret
    -- of the owner connect-session/<id>, as is the vendor's page that a ticket leads to.
    create table connect_sessions (
      organization_id bigint not null,
      id bigint not null,
      user_id bigint not null,
      elements jsonb not null,
      element_id bigint,
      instance_id bigint,
      reconnects boolean not null,
      request jsonb not null,
      external_id text,
      allowed_origin text not null,
      return_url text,
      status text not null default 'pending'
        check (status in ('pending', 'opened', 'succeeded', 'failed', 'cancelled')),
      status_reason text,
      attempts integer not null default 0,
      link_hash bytea not null,
      page_hash bytea,
      ticket_hash bytea,
      ticket_until timestamptz(3),
      pepper_id integer not null,
      created_at timestamptz(3) not null default now(),
      expires_at timestamptz(3) not null,
      finished_at timestamptz(3),
      primary key (organization_id, id),
      foreign key (organization_id, user_id) references users on delete cascade,
      foreign key (organization_id, instance_id) references instances
        on delete set null (instance_id)
    );
    create unique index connect_sessions_by_link on connect_sessions (organization_id, link_hash);
    create unique index connect_sessions_by_page on connect_sessions (organization_id, page_hash);
    create index connect_sessions_of_user on connect_sessions (organization_id, user_id, id);
    create index connect_sessions_of_instance on connect_sessions (organization_id, instance_id)
      where instance_id is not null;
    create index connect_sessions_by_end on connect_sessions (organization_id, expires_at);

    -- However one ends or goes: its secrets go then.
    create function delete_secrets_of_connect_session() returns trigger language plpgsql as $$
      begin
        delete from secrets
          where organization_id = old.organization_id and owner = 'connect-session/' || old.id;
        return null;
      end
    $$;
    create trigger ended after update of status on connect_sessions for each row
      when (new.status in ('succeeded', 'failed', 'cancelled'))
      execute function delete_secrets_of_connect_session();
    create trigger deleted after delete on connect_sessions for each row
      execute function delete_secrets_of_connect_session();
  `.execute(db)
}
