/** Who owns what: the place of an organization among all, the big one first. */
export const members = `
  create temporary table members
    (place bigint primary key, organization_id bigint not null, user_id bigint not null)`

export const member = 'insert into members values ($1, $2, $3)'

export const others = `
  insert into members
    select place + 1, nextval('organizations_id_seq'), nextval('users_id_seq')
    from generate_series(1, $1::bigint) place`

/** What `createOrganization` writes, of all others at once; nobody signs in there. */
export const ofOthers = [
  `insert into organizations (organization_id, name)
    select organization_id, 'Organization ' || place from members where place > 1`,
  `insert into accounts (organization_id, id, name, is_default)
    select organization_id, nextval('accounts_id_seq'), 'Default', true from members where place > 1`,
  `insert into users (organization_id, id, account_id, email, role)
    select organization_id, user_id, a.id, 'user-' || place || '@example.com', 'org-admin'
    from members join accounts a using (organization_id) where place > 1`,
  `insert into logins (email, organization_id, user_id)
    select 'user-' || place || '@example.com', organization_id, user_id from members
    where place > 1`,
  `insert into access_secrets (organization_id, hash, pepper_id, user_id)
    select organization_id, sha256(convert_to(kind || place, 'UTF8')), 1,
      case when kind = 'user' then user_id end
    from members, unnest(array['user', 'organization']) kind where place > 1`,
  `insert into data_keys (organization_id, id, kek_id, wrapped)
    select m.organization_id, k.id, k.kek_id, k.wrapped
    from members m, members big join data_keys k using (organization_id)
    where m.place > 1 and big.place = 0`,
]

export const installed = `
  insert into installed_elements (organization_id, element_id, version)
  select organization_id, 117, $1 from members`

/** Indexes that are built sooner than kept. */
export const slowIndexes = `
  select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
  from pg_index x join pg_class i on i.oid = x.indexrelid join pg_am m on m.oid = i.relam
  where indrelid = 'instances'::regclass and amname = 'gin'`

/** Of ten, three are the big organization's; the others take turns. */
export const instances = `
  insert into instances (organization_id, id, user_id, element_id, element_version, name, tags,
    configuration, authentication_type, settings, warnings, external_id, state, created_at,
    updated_at, state_since, verified_at)
  select m.organization_id, nextval('instances_id_seq'), m.user_id, 117, $4,
    (array['Acme', 'Globex', 'Initech', 'Hooli', 'Umbrella'])[1 + n / 10 % 5]
      || ' help desk ' || substr(md5(n::text), 1, 12),
    case when n % 10 in (0, 3, 6) then array['production', 'team-' || n % 97]
      else array['team-' || n % 97] end,
    jsonb_build_object('helpdesk.connectwise.username', 'api1',
      'helpdesk.connectwise.company', 'company_' || n,
      'helpdesk.connectwise.server.url', 'https://connectwise.example.com'),
    'soap', '{}', '[]', case when n % 7 = 0 then 'customer-' || n end, 'verified', at, at, at, at
  from (
    select n, now() - make_interval(secs => $5::bigint - n) as at,
      case when n % 10 < 3 then 0 else 1 + (n / 10 * 7 + n % 10 - 3) % $3::bigint end as place
    from generate_series($1::bigint, $2::bigint) n
  ) given join members m using (place)
  order by n`

/** What stands in the name of one alone. */
export function soughtIn(name: string): string {
  return name.slice(-12)
}

/** Tokens that open, of those instances that may be read. */
export const seals = `
  create temporary table seals (id bigint primary key, hash bytea, pepper_id integer,
    data_key_id integer, sealed text)`

export const sealsGiven = `
  insert into seals
  select id, decode(hash, 'hex'), "pepperId", "dataKeyId", sealed
  from jsonb_to_recordset($1::jsonb)
    as given (id bigint, hash text, "pepperId" integer, "dataKeyId" integer, sealed text)`

export const tokens = `
  insert into instance_tokens (organization_id, hash, pepper_id, instance_id)
  select organization_id, coalesce(hash, sha256(convert_to('token' || i.id, 'UTF8'))),
    coalesce(pepper_id, $1::integer), i.id
  from instances i left join seals using (id) order by i.id`

export const secrets = `
  insert into secrets (organization_id, owner, entry, secret_version, origins, data_key_id, sealed)
  select organization_id, 'instance/' || i.id, entry, 1,
    case when entry = $1 then '{caller}' else '{https://connectwise.example.com}'::text[] end,
    coalesce(data_key_id, $2::integer),
    case when entry = $1 then coalesce(s.sealed, $3) else $3 end
  from instances i left join seals s using (id),
    unnest(array[$1, 'helpdesk.connectwise.password', 'event.notification.signature.key']) entry
  order by i.id`

export const auditEntries = `
  insert into audit_entries (organization_id, at, user_id, action, instance_id, request_id, address)
  select organization_id, created_at, user_id, 'instance.created', id,
    substr(md5(id::text), 1, 24), '127.0.0.1'
  from instances order by id`
