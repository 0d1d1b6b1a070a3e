import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { startOperatedWorld } from '../operator/operator.ts'
import { consentElement } from '../support/consent-elements.ts'
import { oauthElement } from '../support/oauth-elements.ts'
import { startTokenServer, type TokenServer } from '../support/token-server.ts'
import type { World } from '../support/world.ts'
import { definitions as tokenDefinitions } from '../tokens/instances.ts'
import { everyRequest } from './every-request.ts'

/** The tables of tenants. What is not here is nobody's: see the test of that. */
const tenantTables = [
  'access_secrets',
  'accounts',
  'audit_entries',
  'authorizations',
  'call_log_entries',
  'calls',
  'certificate_uses',
  'certificates',
  'connect_sessions',
  'data_keys',
  'export_keys',
  'idempotency_claims',
  'import_keys',
  'imports',
  'installed_elements',
  'instance_references',
  'instance_states',
  'instance_tags',
  'instance_tokens',
  'instances',
  'limit_askers',
  'limit_budgets',
  'limit_holders',
  'limit_pools',
  'limit_windows',
  'oauth_apps',
  'oauth_tokens',
  'organizations',
  'own_element_versions',
  'own_elements',
  'passwords',
  'retention_settings',
  'secrets',
  'shared_limits',
  'sign_in_tokens',
  'users',
  'verification_results',
  'verification_runs',
  'webhook_attempts',
  'webhook_deliveries',
  'webhook_lanes',
  'webhooks',
]
/** Of one column each, whose values are not used twice in the installation. */
const hashed = ['audit_entries_by_request', 'instance_tokens_of_instance', 'secrets_of_owner']
const sharedTables = [
  'element_versions',
  'key_rotations',
  'limit_replicas',
  'logins',
  'peppers',
  'replicas',
  'sign_in_attempts',
]

let world: World
let tokens: TokenServer
beforeAll(async () => {
  const tokenUrl = 'https://login.example.com/token'
  tokens = await startTokenServer()
  world = await startOperatedWorld({
    allow: [new URL(tokens.url).host],
    definitions: [
      ...tokenDefinitions,
      oauthElement(9901, 'tokens', { tokenUrl }),
      consentElement(9902, 'consents', { codeWithoutState: true }),
    ],
  })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await tokens[Symbol.asyncDispose]()
})

const query = async (text: string) => (await world.context.db.pool.query(text)).rows

describe('in the catalog', () => {
  test('every table is known to be of tenants or of nobody, and only those have the column', async () => {
    const rows = await query(`
      select relname as name, exists (
        select from pg_attribute where attrelid = c.oid and attname = 'organization_id') as owned
      from pg_class c
      where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
        and relname not like 'kysely_%' order by relname`)
    const owned = rows.filter((row) => row.owned).map((row) => row.name)
    // The directory of logins leads to tenants, and is not one's.
    expect(owned.filter((name) => name !== 'logins')).toEqual(tenantTables)
    expect(rows.map((row) => row.name).filter((name) => !tenantTables.includes(name))).toEqual(
      sharedTables,
    )
  })

  test('every primary key starts with the organization, every index contains it', async () => {
    const rows = await query(`
      select t.relname as table, i.relname as index, indisprimary as primary, indisunique as unique,
        pg_get_indexdef(indexrelid) as definition,
        array(select attname::text from unnest(indkey) with ordinality as key (number, place)
          join pg_attribute on attrelid = t.oid and attnum = number order by place) as columns
      from pg_index x join pg_class t on t.oid = indrelid join pg_class i on i.oid = indexrelid
      where t.relname = any(array[${tenantTables.map((name) => `'${name}'`)}])`)
    const primary = rows.filter((row) => row.primary)
    expect(primary.map((row) => row.table).sort()).toEqual(tenantTables)
    for (const row of rows) {
      // As a column, or in what is computed of it.
      if (!hashed.includes(row.index)) {
        expect(row.definition, row.index).toMatch(/\borganization_id\b/)
      }
      if (row.primary) expect(row.columns[0], row.index).toBe('organization_id')
    }
  })

  test('what a tenant’s row refers to is of the same tenant, or of nobody', async () => {
    const rows = await query(`
      select t.relname as table, f.relname as foreign,
        array(select attname::text from pg_attribute
          where attrelid = conrelid and attnum = any(conkey)) as columns
      from pg_constraint c join pg_class t on t.oid = conrelid join pg_class f on f.oid = confrelid
      where contype = 'f'`)
    for (const row of rows.filter(({ foreign }) => tenantTables.includes(foreign))) {
      expect(row.columns, `${row.table} → ${row.foreign}`).toContain('organization_id')
    }
  })
})

describe('every statement of a request on a table of tenants', () => {
  let statements: string[]

  beforeAll(async () => {
    statements = await record(() => everyRequest(world, tokens))
  })

  test('names the organization', () => {
    const touched = new Set<string>()
    for (const text of statements) {
      const tables = tenantTables.filter((name) => new RegExp(`\\b${name}\\b`).test(text))
      for (const name of tables) touched.add(name)
      if (tables.length > 0) expect(text).toContain('organization_id')
    }
    // Else the scenario has not been everywhere.
    expect([...touched].sort()).toEqual(tenantTables)
  })

  test('looks at rows of one organization alone, by an index, by PostgreSQL’s own plan', async () => {
    const client = new pg.Client({ connectionString: world.databaseUrl })
    await client.connect()
    onTestFinished(() => client.end())
    // Tables that are as good as empty are read whole else, whatever indexes they have.
    await client.query('set enable_seqscan = off')
    let looked = 0
    for (const text of statements) {
      const scans = await planOf(client, text)
      for (const { table, alias, conditions, type } of scans) {
        if (!tenantTables.includes(table)) continue
        expect(type, `${alias} in ${text}`).not.toBe('Seq Scan')
        expect(conditions, `${alias} in ${text}`).toMatch(
          new RegExp(
            `\\b${alias}\\.organization_id(?: \\+ 0\\))? = |= ${alias}\\.organization_id\\b`,
          ),
        )
        looked += 1
      }
    }
    expect(looked).toBeGreaterThan(10)
  })

  interface Scan {
    type: string
    table: string
    alias: string
    conditions: string
  }

  /** The tables that a statement reads, each with all the conditions of the plan. */
  async function planOf(client: pg.Client, text: string): Promise<Scan[]> {
    if (!/^\s*(select|insert|update|delete|with)\b/i.test(text)) return []
    const explained = await client.query(`explain (generic_plan, verbose, format json) ${text}`)
    const [{ Plan: plan }] = explained.rows[0]['QUERY PLAN']
    const nodes = flatten(plan)
    const conditions = nodes
      .flatMap((node) => Object.entries(node).filter(([key]) => /Cond|Filter/.test(key)))
      .map(([, value]) => String(value))
      .join('\n')
    return nodes
      .filter((node) => /Scan/.test(node['Node Type']) && node['Relation Name'])
      .map((node) => ({
        type: node['Node Type'],
        table: node['Relation Name']!,
        alias: node.Alias!,
        conditions,
      }))
  }
})

interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  Alias?: string
  Plans?: PlanNode[]
}

function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)]
}

/** What is sent to PostgreSQL meanwhile, each text once. */
async function record(work: () => Promise<void>): Promise<string[]> {
  const spy = vi.spyOn(pg.Client.prototype, 'query')
  try {
    await work()
    const texts = spy.mock.calls.map(([query]: unknown[]) =>
      typeof query === 'string' ? query : (query as { text: string }).text,
    )
    return [...new Set(texts)]
  } finally {
    spy.mockRestore()
  }
}
