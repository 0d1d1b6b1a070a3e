/** What has to hold at the moment of storing, and is written with it. */
type Condition = 'none' | 'claimed' | 'connected'

const conditions: Record<Condition, { text: string; at: string; held: boolean; values: number }> = {
  none: { text: '', at: 'now()', held: false, values: 0 },
  // Only what its holder still holds is stored, and the answer is kept with it.
  claimed: {
    text: `claimed as (
      update idempotency_claims
      set sealed = $29, data_key_id = $30, expires_at = now() + make_interval(secs => $31)
      where organization_id = $1 and user_id = $3 and route = $26 and key = $27 and holder = $28
      returning $32::timestamptz as at
    ),`,
    at: 'at',
    held: true,
    values: 7,
  },
  // What ends with it is still open, and so are those in whose name it works.
  connected: {
    text: `connected as (
      update connect_sessions
      set status = 'succeeded', status_reason = null, element_id = $4, instance_id = $2,
        finished_at = now()
      from users u, accounts a, organizations o
      where connect_sessions.organization_id = $1 and connect_sessions.id = $26
        and connect_sessions.user_id = $3 and connect_sessions.status = 'opened'
        and connect_sessions.expires_at > now()
        and u.organization_id = $1 and u.id = $3 and u.active
        and a.organization_id = $1 and a.id = u.account_id and a.active
        and o.organization_id = $1 and o.disabled_at is null
      returning now() as at
    ),`,
    at: 'at',
    held: true,
    values: 1,
  },
}

/** What not every instance has: a statement without it costs less. */
interface Extras {
  certificates: boolean
  tokens: boolean
}

function insertText(condition: Condition, { certificates, tokens }: Extras): string {
  const { text, at, held, values } = conditions[condition]
  // Without a condition nothing waits for the instance: the transaction is what holds all together.
  const stored = held ? 'from instance' : ''
  const given = held ? ', instance' : ''
  const certificateIds = 26 + values
  const lifeSeconds = certificateIds + (certificates ? 1 : 0)
  return `
    with ${text} instance as (
      insert into instances (organization_id, id, user_id, element_id, element_version, name, tags,
        configuration, authentication_type, settings, warnings, external_id,
        external_authentication, state, state_reason, oauth_app_id, created_at, updated_at,
        state_since, verified_at)
      select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $25, ${at}, ${at},
        ${at}, case when $14 = 'verified' then ${at} end
      ${held ? `from ${condition}` : ''}
      returning created_at as at
    ), sealed as (
      insert into secrets (organization_id, owner, entry, secret_version, origins, data_key_id, sealed)
      select $1, $16, entry, 1, string_to_array(origins, ' '), data_key_id, sealed
      from unnest($17::text[], $18::text[], $19::integer[], $20::text[])
        as given (entry, origins, data_key_id, sealed)${given}
    ), token as (
      insert into instance_tokens (organization_id, hash, pepper_id, instance_id)
      select $1, $21, $22, $2 ${stored}
    ), ${
      certificates
        ? `certificate_use as (
      insert into certificate_uses (organization_id, certificate_id, instance_id)
      select distinct $1::bigint, given.id, $2::bigint
      from unnest($${certificateIds}::bigint[]) as given (id)${given}
    ),`
        : ''
    } ${
      tokens
        ? `tokens as (
      insert into oauth_tokens (organization_id, instance_id, expires_at)
      select $1, $2, now() + make_interval(secs => $${lifeSeconds}::float8) ${stored}
    ),`
        : ''
    } audit as (
      insert into audit_entries
        (organization_id, user_id, action, instance_id, request_id, address)
      select $1, $3, 'instance.created', $2, $23, $24 ${stored}
    )
    select at from instance`
}

const insertTexts = new Map<string, string>()

/**
 * One round trip that stores an instance with all that belongs to it. Its parameters: the 25 that
 * every instance has, those of the condition, the certificates, and the life of the tokens.
 */
export function insertStatement(condition: Condition, extras: Extras) {
  const { certificates, tokens } = extras
  const name = `insert-instance-${condition}${certificates ? '-certificates' : ''}${tokens ? '-tokens' : ''}`
  const text = insertTexts.get(name) ?? insertText(condition, extras)
  insertTexts.set(name, text)
  return { name, text }
}
