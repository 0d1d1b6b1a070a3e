import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    create sequence oauth_apps_id_seq as bigint;
    -- Clients at OAuth vendors that instances need not carry themselves. The secret is one of the
    -- owner oauth-app/<id>, which also states the origins that it may be sent to.
    create table oauth_apps (
      organization_id bigint not null,
      id bigint not null,
      user_id bigint not null,
      element_id bigint not null,
      authentication_type text not null,
      name text not null,
      shared boolean not null,
      client_id text not null,
      secret_version integer not null default 1,
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      primary key (organization_id, id),
      foreign key (organization_id, user_id) references users
    );
    create index oauth_apps_of_element on oauth_apps (organization_id, element_id, id);

    alter table instances add column oauth_app_id bigint;
    alter table instances add foreign key (organization_id, oauth_app_id) references oauth_apps;
    create index instances_of_oauth_app on instances (organization_id, oauth_app_id, id)
      where oauth_app_id is not null;

    -- The tokens of an instance, as far as they may be read: what they are is its secret $oauth of
    -- that version. Who refreshes them holds the lease; what was sent and not answered shows in
    -- sent_at, and why the last try failed in problem, a code of the API's.
    create table oauth_tokens (
      organization_id bigint not null,
      instance_id bigint not null,
      version integer not null default 1,
      obtained_at timestamptz(3) not null default now(),
      expires_at timestamptz(3),
      holder uuid,
      lease_until timestamptz(3),
      sent_at timestamptz(3),
      failures integer not null default 0,
      retry_at timestamptz(3),
      problem text,
      primary key (organization_id, instance_id),
      foreign key (organization_id, instance_id) references instances on delete cascade
    );
    -- When those end that are there already is sealed: they are replaced once the vendor refuses them.
    insert into oauth_tokens (organization_id, instance_id, version)
    select s.organization_id, i.id, s.secret_version
    from secrets s
    join instances i on i.organization_id = s.organization_id and s.owner = 'instance/' || i.id
    where s.entry = '$oauth';

    create sequence authorizations_id_seq as bigint;
    -- Consents that were asked for and have not come back. What has to be known then and nobody may
    -- see is a secret of the owner authorization/<id>.
    create table authorizations (
      organization_id bigint not null,
      id bigint not null,
      state_hash bytea not null,
      pepper_id integer not null,
      user_id bigint not null,
      element_id bigint not null,
      element_version text not null,
      authentication_type text not null,
      callback_url text not null,
      oauth_app_id bigint,
      instance_id bigint,
      connect_session_id bigint,
      browser_hash bytea,
      created_at timestamptz(3) not null default now(),
      expires_at timestamptz(3) not null,
      primary key (organization_id, id),
      foreign key (organization_id, user_id) references users,
      foreign key (organization_id, instance_id) references instances on delete cascade,
      foreign key (organization_id, oauth_app_id) references oauth_apps on delete cascade
    );
    create index authorizations_by_state on authorizations (organization_id, state_hash);
    create index authorizations_of_user
      on authorizations (organization_id, user_id, element_id, callback_url);
    create index authorizations_by_end on authorizations (organization_id, expires_at);
    -- However one goes, also together with its instance: its secrets go with it.
    create function delete_secrets_of_authorizations() returns trigger language plpgsql as $$
      begin
        delete from secrets using gone
          where secrets.organization_id = gone.organization_id
            and secrets.owner = 'authorization/' || gone.id;
        return null;
      end
    $$;
    create trigger deleted after delete on authorizations referencing old table as gone
      for each statement execute function delete_secrets_of_authorizations();
  `.execute(db)
}
