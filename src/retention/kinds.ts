import { sql } from 'kysely'
import { tokenEntry } from '../vault/token.ts'
import { type Purge, purgeBy } from './purge-query.ts'

/** A kind of record that an organization may say for how long it is kept, in days. */
interface StatedKind {
  /** What it is, and from when its days count. */
  description: string
  default: number
  minimum: number
  maximum: number
  purge: Purge
}

export const statedKinds = {
  auditEntries: {
    description: 'Entries of the audit',
    default: 400,
    minimum: 30,
    maximum: 3650,
    purge: purgeBy('audit_entries', 'at', ['at', 'id']),
  },
  connectSessions: {
    description: 'Connect sessions, once their time is over',
    default: 7,
    minimum: 1,
    maximum: 7,
    purge: purgeBy('connect_sessions', 'expires_at', ['id']),
  },
  webhookDeliveries: {
    description: 'What webhooks were sent, or could not be, from when it happened',
    default: 30,
    minimum: 7,
    maximum: 365,
    purge: purgeBy('webhook_deliveries', 'created_at', ['webhook_id', 'id']),
  },
} as const satisfies Record<string, StatedKind>

/** What is of no use to anybody once its time is over: whoever writes it sweeps too, by chance. */
export const spentKinds = {
  /** Consents that were asked for and never came back. */
  authorizations: purgeBy(
    'authorizations',
    'expires_at',
    ['id'],
    sql`secrets.owner = 'authorization/' || gone.id`,
  ),
  /** Secrets of users and organizations in whose place others are. */
  replacedSecrets: purgeBy(
    'access_secrets',
    'expires_at',
    ['hash'],
    sql`secrets.owner = coalesce('user/' || gone.user_id, 'organization/' || gone.organization_id)
      and secrets.entry = 'secret' and secrets.secret_version = gone.secret_version`,
  ),
  /** What came of trying many instances at once. */
  verifications: purgeBy('verification_runs', 'expires_at', ['id']),
  /** Tokens of instances in whose place others are. */
  replacedTokens: purgeBy(
    'instance_tokens',
    'expires_at',
    ['hash'],
    sql`secrets.owner = 'instance/' || gone.instance_id and secrets.entry = ${tokenEntry}
      and secrets.secret_version = gone.secret_version`,
  ),
  /** Calls through instances, kept to be looked at. */
  loggedCalls: purgeBy('call_log_entries', 'expires_at', ['instance_id', 'id']),
  /** Calls that were kept, and their answers. */
  calls: purgeBy('calls', 'expires_at', ['id'], sql`secrets.owner = 'call/' || gone.id`),
  /** Its private key goes with it. */
  importKeys: purgeBy('import_keys', 'expires_at', ['id']),
  /** Imports that a process began and did not end. */
  interruptedImports: purgeBy('imports', 'lease_until', ['user_id', 'source', 'source_id']),
  /** What was granted of limits that nothing has asked for since it counts. */
  limitBudgets: purgeBy('limit_budgets', 'expires_at', ['name']),
  limitPools: purgeBy('limit_pools', 'expires_at', ['name']),
  bearerTokens: purgeBy('sign_in_tokens', 'expires_at', ['hash']),
  idempotencyAnswers: purgeBy('idempotency_claims', 'expires_at', ['user_id', 'route', 'key']),
} as const satisfies Record<string, Purge>

export type StatedName = keyof typeof statedKinds
export const statedNames = Object.keys(statedKinds) as StatedName[]

type KindName = StatedName | keyof typeof spentKinds

/** How each kind is purged, with the days that it is kept. */
export function purgesFor(retention: Record<StatedName, number>) {
  const stated = statedNames.map((name) => ({
    name: name as KindName,
    days: retention[name],
    purge: statedKinds[name].purge as Purge,
  }))
  const spent = Object.entries(spentKinds).map(([name, purge]) => ({
    name: name as KindName,
    days: 0,
    purge,
  }))
  return [...stated, ...spent]
}
