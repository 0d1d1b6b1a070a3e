import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { openCertificate } from '../../src/certificates/open.ts'
import { refreshAhead } from '../../src/tokens/job.ts'
import { deliverWaiting } from '../../src/webhooks/deliver.ts'
import { bodyOf } from '../certificates/fixtures.ts'
import { everyConnectRequest } from '../connect/every-request.ts'
import { seed } from '../instances/seed.ts'
import { call, helpDesk } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { consentElement } from '../support/consent-elements.ts'
import { oauthElement } from '../support/oauth-elements.ts'
import { clientSecret, startTokenServer, type TokenServer } from '../support/token-server.ts'
import { startWorld, type World } from '../support/world.ts'
import {
  connect,
  endIn,
  get,
  lifeOf,
  outwait,
  definitions as tokenDefinitions,
} from '../tokens/instances.ts'

/** The tables of tenants. What is not here is nobody's: see the test of that. */
const tenantTables = [
  'access_secrets',
  'accounts',
  'audit_entries',
  'authorizations',
  'certificate_uses',
  'certificates',
  'connect_sessions',
  'data_keys',
  'idempotency_claims',
  'installed_elements',
  'instance_references',
  'instance_tags',
  'instance_tokens',
  'instances',
  'oauth_apps',
  'oauth_tokens',
  'organizations',
  'own_element_versions',
  'own_elements',
  'passwords',
  'retention_settings',
  'secrets',
  'sign_in_tokens',
  'users',
  'verification_results',
  'verification_runs',
  'webhook_attempts',
  'webhook_deliveries',
  'webhook_lanes',
  'webhooks',
]
const sharedTables = ['element_versions', 'key_rotations', 'logins', 'peppers', 'sign_in_attempts']

let world: World
let tokens: TokenServer
beforeAll(async () => {
  const tokenUrl = 'https://login.example.com/token'
  tokens = await startTokenServer()
  world = await startWorld({
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
      expect(row.definition, row.index).toMatch(/\borganization_id\b/)
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
    statements = await record(() => everyRequest(world))
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
    let looked = 0
    for (const text of statements) {
      const scans = await planOf(text)
      for (const { table, alias, conditions, type } of scans) {
        if (!tenantTables.includes(table)) continue
        expect(type, `${alias} in ${text}`).not.toBe('Seq Scan')
        expect(conditions, `${alias} in ${text}`).toMatch(
          new RegExp(`\\b${alias}\\.organization_id = |= ${alias}\\.organization_id\\b`),
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
  async function planOf(text: string): Promise<Scan[]> {
    if (!/^\s*(select|insert|update|delete|with)\b/i.test(text)) return []
    const client = new pg.Client({ connectionString: world.databaseUrl })
    await client.connect()
    try {
      // Tables that are as good as empty are read whole else, whatever indexes they have.
      await client.query('set enable_seqscan = off')
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
    } finally {
      await client.end()
    }
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

/** Each route with what it may do: first times, repetitions, refusals, strangers. */
async function everyRequest(world: World) {
  // What an organization's first request reads is kept for its later ones.
  const fresh = { ...world, ...(await world.addOrganization()) }
  world.context.vault.forgetDataKeys()
  const good = helpDesk(world)
  const key = { 'idempotency-key': randomUUID() }
  const send = async (status: number, ...request: Parameters<typeof call>) => {
    const answer = await call(...request)
    expect(answer.status).toBe(status)
    return answer
  }
  const { body: instance } = await send(200, fresh, 'POST', '/instances', { body: good })
  const draft = { ...good, verify: false, externalId: 'customer-1' }
  await send(200, world, 'POST', '/elements/connectwisehd/instances', { body: draft })
  await send(200, world, 'POST', '/instances', { body: good, headers: key })
  await send(200, world, 'POST', '/instances', { body: good, headers: key })
  await send(422, world, 'POST', '/instances', { body: draft, headers: key })
  const wrong = helpDesk(world, { 'helpdesk.connectwise.password': 'wrong' })
  const otherKey = { 'idempotency-key': randomUUID() }
  await send(400, world, 'POST', '/instances', { body: wrong, headers: otherKey })
  await send(400, world, 'POST', '/instances', { body: '{' })
  await send(200, fresh, 'GET', `/instances/${instance.id}`)
  await send(404, world, 'GET', `/instances/${instance.id}`)
  await everyListRequest(world)
  const [user] = fresh.authorization.split(', ')
  const [, organization] = world.authorization.split(', ')
  const mixed = `${user}, ${organization}`
  await send(401, world, 'GET', `/instances/${instance.id}`, { authorization: mixed })
  await send(401, world, 'GET', `/instances/${instance.id}`, { authorization: null })
  await send(200, world, 'GET', '/ready')

  await everyTenantRequest(world)

  const shared = bodyOf('default.p12', { shared: true })
  const { body: certificate } = await send(200, world, 'POST', '/certificates', { body: shared })
  const path = `/certificates/${certificate.id}`
  await send(200, world, 'GET', '/certificates')
  const { authorization } = await addColleague(world)
  const everyFilter =
    'instanceId=1&userId=1&action=a&requestId=r&from=2020-01-01&to=2030-01-01&pageSize=1'
  for (const query of ['', `?${everyFilter}`]) {
    await send(200, world, 'GET', `/audit${query}`)
    await send(200, world, 'GET', `/audit${query}`, { authorization })
  }
  await send(200, world, 'PUT', '/organization/retention', { body: { auditEntries: 90 } })
  await send(200, world, 'GET', '/organization/retention')
  await send(200, world, 'GET', '/certificates?pageSize=1', { authorization })
  await send(404, fresh, 'GET', path)
  await send(200, world, 'PUT', path, { body: { ...shared, shared: false } })
  const { organizationId } = world
  const asked = { organizationId, userId: world.userId, certificateId: certificate.id }
  await openCertificate(world.context, { ...asked, destination: shared.origins[0]! })
  await send(200, world, 'DELETE', path)

  await everyAppRequest(world, fresh, authorization)
  await everyConsentRequest(world)
  await everyConnectRequest(
    world,
    { id: 9902, key: 'consents' },
    { elementId: 117, authentication: 'soap', configuration: good.configuration },
  )
  await everyRefresh(world)
  await everyChange(world)
  await everyWebhookRequest(world)

  const { body: copied } = await send(200, world, 'GET', '/elements/connectwisehd/export')
  const body = { ...copied, key: 'copied' }
  await send(200, world, 'POST', '/elements', { body })
  await send(409, world, 'POST', '/elements', { body })
  const { configuration } = good
  await send(200, world, 'POST', '/elements/copied/test', { body: { configuration } })
  await send(200, world, 'POST', '/elements/copied/instances', { body: { ...good, element: {} } })
  const changed = { ...body, description: 'Changed.' }
  await send(200, world, 'PUT', '/elements/copied', { body: changed })
  await send(409, world, 'PUT', '/elements/copied', { body: { ...changed, key: 'renamed' } })
  await send(200, world, 'GET', '/elements?installed=true')
  await send(200, world, 'GET', '/elements/copied/update')
  await send(200, world, 'PUT', '/elements/copied/update')
  await send(200, world, 'DELETE', '/elements/copied/active')
  await send(409, world, 'DELETE', '/elements/copied/installed')
  await send(409, world, 'DELETE', '/elements/copied')
  await send(200, world, 'POST', '/elements/copied/clone', { body: { key: 'again' } })
  await send(200, world, 'PUT', '/elements/again/installed')
  await send(200, world, 'DELETE', '/elements/again/installed')
  await send(200, world, 'DELETE', '/elements/again')
}

/** Lists by everything that they can be narrowed to, the count, and the instance of a token. */
async function everyListRequest(world: World) {
  await seed(world, 2000, (at) => ({ name: `Seed ${at}`, tags: ['seed'] }))
  const filters = [
    '',
    'tags=seed',
    'tags=seed&state=failed&tags=help%20desk',
    'externalId=customer-1',
  ]
  const searches = ['searchText=seed', 'searchText=none-of-them', 'searchText=connectwise']
  for (const query of [...filters, ...searches, 'element=117', 'state=disabled&hub=helpdesk']) {
    expect((await call(world, 'GET', `/instances?pageSize=5&${query}`)).status).toBe(200)
  }
  expect((await call(world, 'GET', '/instances/count')).status).toBe(200)
  const { token } = (await call(world, 'POST', '/instances', { body: helpDesk(world) })).body
  const [user] = world.authorization.split(', ')
  for (const [path, caller] of [
    ['/instances/configuration', world.authorization],
    ['/ping', user],
  ] as const) {
    const authorization = `${caller}, Element ${token}`
    expect((await call(world, 'GET', path, { authorization })).status).toBe(200)
  }
}

/** Tokens: refreshed by a caller and by a job, refused for a while, and for good. */
async function everyRefresh(world: World) {
  const key = await connect(world, tokens)
  await endIn(world, key, -1)
  await get(world, key, tokens)
  await refreshAhead(world.context, { ...key, version: 2 })
  tokens.next = [() => ({ status: 500 })]
  await refreshAhead(world.context, { ...key, version: 3 })
  await outwait(world, key)
  tokens.usable.clear()
  await refreshAhead(world.context, { ...key, version: 3 })
  expect(await lifeOf(world, key)).toMatchObject({ version: 3, problem: 'reconnect-required' })
}

/** Consents: asked for, brought back, refused and spent, with a state and without. */
async function everyConsentRequest(world: World) {
  const given = { apiKey: 'acme', apiSecret: 'a-secret-of-the-app', server: 'https://127.0.0.1' }
  const callbackUrl = 'https://app.example.com/callback'
  const ask = async (more: object = {}) => {
    const query = new URLSearchParams({ ...given, callbackUrl, ...more })
    return call(world, 'GET', `/elements/consents/oauth/url?${query}`)
  }
  const provision = async (providerData: object | undefined, more: object = {}) => {
    const body = { element: { key: 'consents' }, name: 'N', providerData, ...more }
    return call(world, 'POST', '/instances', { body })
  }
  const { server } = given
  const configuration = { server, id: 'acme', secret: given.apiSecret }
  const draft = await provision(undefined, { verify: false, configuration })
  expect(draft.status).toBe(200)
  expect((await ask({ instanceId: String(draft.body.id) })).status).toBe(200)
  const { body: asked } = await ask()
  const { code: spent } = (await provision({ code: 'x', state: asked.state })).body
  expect(spent).toBe('destination-forbidden')
  expect((await provision({ code: 'x', state: asked.state })).body.code).toBe('oauth-state-invalid')
  await ask()
  expect((await provision({ code: 'x' })).body.code).toBe('destination-forbidden')
  const { body: refused } = await ask()
  const denied = { error: 'access_denied', state: refused.state }
  expect((await provision(denied)).body.code).toBe('consent-refused')
}

/** App profiles: of a user, of an admin, of a stranger, and in use. */
async function everyAppRequest(
  world: World,
  fresh: Pick<World, 'url' | 'authorization'>,
  authorization: string,
) {
  const send = async (status: number, ...request: Parameters<typeof call>) => {
    const answer = await call(...request)
    expect(answer.status).toBe(status)
    return answer
  }
  const element = { key: 'tokens' }
  const client = { clientId: 'acme', clientSecret: 'a-secret-of-the-app' }
  const body = { element, name: 'Acme', ...client, shared: true }
  const { body: app } = await send(200, world, 'POST', '/oauth-apps', { body })
  const path = `/oauth-apps/${app.id}`
  await send(200, world, 'GET', '/oauth-apps?element=tokens')
  await send(200, world, 'GET', '/oauth-apps?pageSize=1', { authorization })
  await send(404, fresh, 'GET', path)
  await send(200, world, 'PUT', path, { body: { name: 'Renamed' } })
  await send(200, world, 'PUT', path, { body: { ...client, shared: false } })
  const configuration = { server: 'https://api.example.com' }
  const draft = { element, name: 'Draft', configuration, verify: false }
  const { body: instance } = await send(200, world, 'POST', '/instances', { body: draft })
  expect(instance.authentication.oauthAppId).toBe(app.id)
  await send(409, world, 'DELETE', path)
  const { body: unused } = await send(200, world, 'POST', '/oauth-apps', { body })
  await send(200, world, 'DELETE', `/oauth-apps/${unused.id}`)
}

/** An instance: changed in every way, switched, tried and deleted. */
async function everyChange(world: World) {
  const { instanceId } = await connect(world, tokens, 'client')
  const path = `/instances/${instanceId}`
  const other = await connect(world, tokens, 'client')
  const body = { ids: [instanceId] }
  const { text } = await call(world, 'POST', '/instances/verify', { body })
  const { run } = JSON.parse(text.split('\n')[0]!)
  const patch = (body: object) => call(world, 'PATCH', path, { body })
  const answers = [
    await patch({ name: 'Other' }),
    await patch({ configuration: { secret: clientSecret } }),
    await call(world, 'PUT', `${path}/enabled`),
    await call(world, 'DELETE', `${path}/enabled`),
    await call(world, 'POST', `${path}/verify`),
    await call(world, 'PUT', `/elements/client${path}`, { body: { tags: [] } }),
    await call(world, 'POST', '/instances/verify', { body: { element: 'client' } }),
    await call(world, 'GET', `/instances/verify/${run}`),
    await call(world, 'POST', `${path}/token`),
    await call(world, 'POST', `${path}/token`, { body: { overlapSeconds: 0 } }),
    await call(world, 'GET', `${path}/token`),
    await call(world, 'POST', `${path}/token`),
    await call(world, 'DELETE', `${path}/token?previous=true`),
    await call(world, 'PUT', `${path}/references/flow`),
    await call(world, 'GET', `${path}/references`),
    await call(world, 'POST', `${path}/replace`, { body: { by: other.instanceId } }),
    await call(world, 'DELETE', `/instances/${other.instanceId}/references/flow`),
    await call(world, 'DELETE', path),
  ]
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
  const { body: made } = await call(world, 'POST', '/instances', { body: helpDesk(world) })
  const { body: changed } = await call(world, 'PUT', `/instances/${made.id}`, { body: made })
  expect(changed.id).toBe(made.id)
}

/** Webhooks: told of an instance by hand and in the background, in vain and at last. */
async function everyWebhookRequest(world: World) {
  const send = async (...request: [Parameters<typeof call>[1], string, object?]) => {
    const [method, path, body] = request
    const answer = await call(world, method, path, { body })
    expect([method, path, answer.status]).toEqual([method, path, 200])
    return answer.body
  }
  const url = `${tokens.url}/token`
  const { id, ...hook } = await send('POST', '/webhooks', { url, events: ['*'] })
  const path = `/webhooks/${id}`
  await send('GET', '/webhooks')
  await send('PUT', path, hook)
  await send('PATCH', path, { active: true })
  await send('POST', `${path}/secret`)
  await send('POST', `${path}/test`)
  await send('POST', '/instances', helpDesk(world))
  const { organizationId } = world
  const set = (table: string, change: string) =>
    world.context.db.pool.query(
      `update ${table} set ${change} where organization_id = $1 and webhook_id = $2`,
      [organizationId, id],
    )
  const deliver = async () => {
    await set('webhook_lanes', 'next_at = now()')
    const { signal } = new AbortController()
    await deliverWaiting(world.context, { organizationId, webhookId: id }, signal)
  }
  tokens.next = [() => ({ status: 500 }), () => ({ status: 200 })]
  await deliver()
  const [{ instanceId }] = await send('GET', `${path}/deliveries`)
  const filters = `state=waiting&instanceId=${instanceId}`
  const [delivery] = await send('GET', `${path}/deliveries?${filters}`)
  expect(delivery.attempts).toMatchObject([{ status: 500 }])
  await send('POST', `${path}/redeliver`)
  await send('POST', `${path}/deliveries/${delivery.id}/redeliver`)
  await deliver()
  expect((await send('GET', `${path}/deliveries/${delivery.id}`)).state).toBe('delivered')
  await set('webhook_deliveries', "state = 'dead'")
  await send('POST', `${path}/redeliver`)
  await set('webhook_deliveries', "state = 'delivered'")
  await deliver()
  await send('DELETE', path)
}

/** Accounts, users and signing in. */
async function everyTenantRequest(world: World) {
  const send = async (status: number, ...request: Parameters<typeof call>) => {
    const answer = await call(...request)
    expect([request[1], request[2], answer.status]).toEqual([request[1], request[2], status])
    return answer
  }
  const { body: account } = await send(200, world, 'POST', '/accounts', { body: { name: 'One' } })
  const path = `/accounts/${account.id}`
  await send(200, world, 'GET', '/accounts')
  await send(200, world, 'PATCH', path, { body: { description: 'Changed' } })
  await send(200, world, 'GET', `${path}/users`)
  const password = 'an unguessable sentence'
  const body = { email: 'tenant@example.com', password }
  const { body: user } = await send(200, world, 'POST', `${path}/users`, { body })
  await send(409, world, 'DELETE', path)
  const credentials = { username: body.email, password }
  const { body: signedIn } = await send(200, world, 'POST', '/authentication', {
    body: credentials,
  })
  const authorization = `Bearer ${signedIn.token}`
  await send(200, world, 'GET', '/users', { authorization })
  await send(200, world, 'GET', '/accounts', { authorization })
  await send(200, world, 'GET', '/authentication/secrets', { authorization })
  await send(200, world, 'POST', `/users/${user.id}/secret`, { authorization })
  await send(200, world, 'DELETE', '/authentication', { authorization })
  const proof = { headers: { 'elements-user-password': password } }
  await send(200, world, 'GET', `/users/${body.email}`, proof)
  const role = `/users/${user.id}/roles/org-admin`
  await send(200, world, 'PUT', role)
  await send(200, world, 'DELETE', role)
  const change = { email: 'tenant-2@example.com', password: 'another fine sentence' }
  await send(200, world, 'PATCH', `/users/${user.id}`, { body: change })
  await send(200, world, 'PATCH', `/users/${user.id}`, { body: { active: false } })
  await send(200, world, 'DELETE', `/users/${user.id}?reassignTo=${world.userId}`)
  await send(200, world, 'DELETE', path)
  await send(200, world, 'POST', '/organization/secret')
}
