import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>) {
  await sql`
    create sequence certificates_id_seq as bigint;
    -- What may be told of a certificate. Its key and chain are a secret of the owner
    -- certificate/<id>, which also states the origins that they may be sent to.
    create table certificates (
      organization_id bigint not null,
      id bigint not null,
      user_id bigint not null,
      name text not null,
      shared boolean not null,
      subject text not null,
      issuer text not null,
      serial text not null,
      fingerprint text not null,
      not_before timestamptz(3) not null,
      not_after timestamptz(3) not null,
      key_kind text not null,
      chain_state text not null,
      remarks text[] not null,
      secret_version integer not null default 1,
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      primary key (organization_id, id),
      foreign key (organization_id, user_id) references users
    );

    create table certificate_uses (
      organization_id bigint not null,
      certificate_id bigint not null,
      instance_id bigint not null,
      primary key (organization_id, certificate_id, instance_id),
      foreign key (organization_id, certificate_id) references certificates,
      foreign key (organization_id, instance_id) references instances on delete cascade
    );
    create index certificate_uses_of_instance on certificate_uses (organization_id, instance_id);
  `.execute(db)
}
