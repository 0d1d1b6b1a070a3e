import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { openSecret } from '../support/oauth-elements.ts'
import { startOAuth1Server } from '../support/oauth1-server.ts'
import { clientSecret as vendorSecret } from '../support/token-server.ts'
import { findTraces } from '../support/traces.ts'
import type { World } from '../support/world.ts'
import {
  clientSecret,
  consent,
  consent1,
  exportFrom,
  importInto,
  newKey,
  provision,
  startWorlds,
  type Worlds,
} from './worlds.ts'

const password = 'a-password-of-the-vendor-0815-long-enough'

let worlds: Worlds
let source: World
let target: World
beforeAll(async () => {
  worlds = await startWorlds()
})
afterAll(() => worlds[Symbol.asyncDispose]())
beforeEach(async () => {
  source = { ...worlds.source, ...(await worlds.source.addOrganization()) }
  target = { ...worlds.target, ...(await worlds.target.addOrganization()) }
  worlds.tokens.rotates = true
})

const basic = (more: object = {}) => ({
  element: { key: 'gated' },
  configuration: { secret: password, url: worlds.vendor.url },
  ...more,
})
const read = async (world: World, id: number) => (await call(world, 'GET', `/instances/${id}`)).body
const verify = (world: World, id: number) => call(world, 'POST', `/instances/${id}/verify`)
const audit = async (world: World, action: string) =>
  (await call(world, 'GET', `/audit?action=${action}`)).body

async function exported(more: object) {
  const { publicKey } = await newKey(target)
  const { answer, lines } = await exportFrom(source, { publicKey, ...more })
  expect(answer.status, answer.text).toBe(200)
  return lines
}

async function imported(lines: unknown[], query = '') {
  const { results } = await importInto(target, lines, query)
  expect(results.map(({ status, error }) => [status, error?.message])).toEqual(
    lines.map(() => [200, undefined]),
  )
  return results
}

describe('an instance arrives', () => {
  test('as it was, proved at its vendor, with a token of its own', async () => {
    const settings = { timeZone: 'Europe/Paris', rateLimits: [{ amount: 10, unit: 'second' }] }
    const given = basic({
      name: 'Acme',
      tags: ['emea', 'gold'],
      externalId: 'customer-1',
      settings,
    })
    const before = await provision(source, given)
    const asked = worlds.vendor.received.length
    const [result] = await imported(await exported({ ids: [before.id] }))
    expect(result).toMatchObject({ line: 1, sourceId: before.id, created: true, state: 'verified' })
    expect(worlds.vendor.received.length).toBe(asked + 1)
    const after = await read(target, result!.id)
    for (const member of ['name', 'tags', 'externalId', 'settings', 'configuration', 'state']) {
      expect([member, after[member]]).toEqual([member, before[member]])
    }
    expect(after.token).toBe(result!.token)
    expect(after.token).not.toBe(before.token)
    expect(await openSecret(target, after.id, 'secret')).toBe(password)
    expect((await read(source, before.id)).disabled).toBe(false)
  })

  test('from a draft as a draft, and disabled where it was', async () => {
    const draft = await provision(source, basic({ verify: false }))
    const off = await provision(source, basic())
    await call(source, 'DELETE', `/instances/${off.id}/enabled`)
    const asked = worlds.vendor.received.length
    const results = await imported(await exported({ all: true }))
    expect(worlds.vendor.received.length).toBe(asked + 1)
    const after = await Promise.all(results.map(({ id }) => read(target, id)))
    expect(after.map(({ state, disabled }) => [state, disabled])).toEqual([
      ['draft', false],
      ['verified', true],
    ])
    expect((await verify(target, results[0]!.id)).body.state).toBe('verified')
    expect(draft.state).toBe('draft')
  })

  test('as a draft where no vendor is to be asked', async () => {
    await provision(source, basic())
    const asked = worlds.vendor.received.length
    const [result] = await imported(await exported({ all: true }), '?verify=false')
    expect(result!.state).toBe('draft')
    expect(worlds.vendor.received.length).toBe(asked)
  })

  test('once, however often its lines are sent, and again once it was deleted', async () => {
    await provision(source, basic())
    const lines = await exported({ all: true })
    const [first] = await imported(lines)
    const [again] = await imported(lines)
    expect(again).toMatchObject({ id: first!.id, token: first!.token, created: false })
    const [anew] = await imported(await exported({ all: true }))
    expect(anew).toMatchObject({ id: first!.id, created: false })
    const both = await importInto(target, [lines[0], lines[0]])
    expect(both.results.map(({ id }) => id)).toEqual([first!.id, first!.id])
    await call(target, 'DELETE', `/instances/${first!.id}`)
    const [later] = await imported(lines)
    expect(later!.created).toBe(true)
    expect((await call(target, 'GET', '/instances')).body).toHaveLength(1)
  })

  test('once, where several requests bring it at the same time', async () => {
    await provision(
      source,
      basic({ configuration: { secret: 'slow', url: worlds.vendor.url }, verify: false }),
    )
    const [line] = await exported({ all: true })
    const many = await Promise.all(Array.from({ length: 6 }, () => importInto(target, [line])))
    const results = many.flatMap(({ results }) => results)
    expect(results.filter(({ created }) => created)).toHaveLength(1)
    const codes = results.filter(({ status }) => status !== 200).map(({ error }) => error.code)
    expect(new Set(codes)).toEqual(new Set(codes.length > 0 ? ['request-in-progress'] : []))
    expect((await call(target, 'GET', '/instances')).body).toHaveLength(1)
  })

  test('with the certificate that it names, which is then a certificate of the user', async () => {
    const { cert, key } = worlds.certificate
    const origins = [worlds.mutual.origin, 'https://other.example.com']
    const given = { name: 'Acme', certificate: cert, key, origins }
    const { body: certificate } = await call(source, 'POST', '/certificates', { body: given })
    const configuration = { server: worlds.mutual.origin, cert: certificate.id }
    for (const name of ['One', 'Two']) {
      await provision(source, { name, element: { key: 'mutual' }, configuration })
    }
    const lines = await exported({ all: true })
    expect(findTraces(JSON.stringify(lines), { key })).toEqual([])
    const results = await imported(lines)
    const { body: there } = await call(target, 'GET', '/certificates')
    expect(there).toMatchObject([
      { fingerprint: certificate.fingerprint, origins: certificate.origins },
    ])
    for (const { id, state } of results) {
      expect(state).toBe('verified')
      expect((await read(target, id)).configuration.cert).toBe(there[0].id)
    }
  })

  test('with the certificate that was given in its configuration', async () => {
    const { cert, key } = worlds.certificate
    const configuration = { server: worlds.mutual.origin, cert: `${cert}${key}` }
    await provision(source, { element: { key: 'mutual' }, configuration })
    const lines = await exported({ all: true })
    expect(findTraces(JSON.stringify(lines), { key })).toEqual([])
    const [result] = await imported(lines)
    expect(result!.state).toBe('verified')
    expect((await call(target, 'GET', '/certificates')).body).toEqual([])
  })
})

test('a certificate of somebody else that is shared stays, and so does what presents it', async () => {
  const { cert, key } = worlds.certificate
  const origins = [worlds.mutual.origin]
  const given = { name: 'Acme', certificate: cert, key, origins, shared: true }
  const { body: certificate } = await call(source, 'POST', '/certificates', { body: given })
  const colleague = { ...source, ...(await addColleague(source)) }
  const configuration = { server: worlds.mutual.origin, cert: certificate.id }
  const { id } = await provision(colleague, { element: { key: 'mutual' }, configuration })
  const { publicKey } = await newKey(target)
  const { lines } = await exportFrom(colleague, { publicKey, ids: [id] })
  expect(lines).toMatchObject([{ sourceId: id, error: { code: 'role-insufficient' } }])
  const { results } = await importInto(target, lines)
  expect(results).toMatchObject([{ status: 400, error: { code: 'body-invalid' } }])
})

test('shared rate limits and pools stay, and it is said', async () => {
  const limit = { name: 'Ten', windows: [{ amount: 10, unit: 'second' }] }
  const { body, text } = await call(source, 'POST', '/rate-limits', { body: limit })
  expect(text).toContain('Ten')
  const settings = { rateLimitId: body.id, timeZone: 'Europe/Paris' }
  await provision(source, basic({ settings }))
  const [result] = await imported(await exported({ all: true }))
  expect(result!.warnings).toMatchObject([{ key: 'settings.rateLimitId' }])
  const there = await read(target, result!.id)
  expect(there.settings).toEqual({ timeZone: 'Europe/Paris' })
})

test('a certificate that no instance came to use goes again', async () => {
  const { cert, key } = worlds.certificate
  const given = { name: 'Acme', certificate: cert, key, origins: [worlds.mutual.origin] }
  const { body: certificate } = await call(source, 'POST', '/certificates', { body: given })
  const configuration = { server: worlds.mutual.origin, cert: certificate.id }
  await provision(source, { element: { key: 'mutual' }, configuration })
  const [line] = await exported({ all: true })
  const { pool } = worlds.target.context.db
  await pool.query('alter table instances add constraint closed check (false) not valid')
  const { results } = await importInto(target, [line])
  await pool.query('alter table instances drop constraint closed')
  expect(results).toMatchObject([{ status: 500 }])
  expect((await call(target, 'GET', '/certificates')).body).toEqual([])
})

describe('tokens that only one may refresh', () => {
  const brought = async () => {
    const { url } = worlds.tokens
    const refresh = worlds.tokens.consent()
    const configuration = { server: url, id: 'client', secret: vendorSecret, refresh }
    return provision(source, { element: { key: 'brought' }, configuration })
  }
  const consented = async () => {
    const providerData = await consent(
      { source, oauth: worlds.oauth },
      { apiKey: 'the-app', apiSecret: clientSecret },
    )
    return provision(source, {
      element: { key: 'consents' },
      configuration: { server: worlds.oauth.url },
      providerData,
    })
  }

  test('stay where they are unless they are to move: what was consented is a draft then', async () => {
    const { id } = await consented()
    const lines = await exported({ ids: [id] })
    expect(lines[0]!.manifest).toMatchObject({ tokens: 'left', state: 'verified' })
    expect(lines[0]!.manifest.secrets.map(({ entry }: { entry: string }) => entry)).toEqual([
      'secret',
    ])
    const [result] = await imported(lines)
    expect(result).toMatchObject({ state: 'draft', warnings: [{ key: 'tokens' }] })
    expect(await read(source, id)).toMatchObject({ state: 'verified', disabled: false })
    expect((await verify(source, id)).status).toBe(200)
  })

  test('stay where they are: what has no other way to connect is refused', async () => {
    const { id } = await brought()
    const { results } = await importInto(target, await exported({ ids: [id] }))
    expect(results).toMatchObject([{ status: 409, error: { code: 'reconnect-required' } }])
    expect((await call(target, 'GET', '/instances')).body).toEqual([])
  })

  test.each([
    ['a refresh token that was brought along', () => brought()],
    ['a consent', () => consented()],
  ])('move, of %s, and are used in one place from then on', async (_, make) => {
    const { id } = await make()
    const lines = await exported({ ids: [id], tokens: 'move' })
    expect(lines[0]!.manifest).toMatchObject({ tokens: 'moved', disabled: false })
    const left = await read(source, id)
    expect(left).toMatchObject({ disabled: true, valid: false, state: 'failed' })
    expect(left.stateReason).toMatch(/another installation/)
    const [result] = await imported(lines)
    expect(result).toMatchObject({ state: 'verified', created: true })
    const there = await read(target, result!.id)
    expect(there).toMatchObject({ state: 'verified', disabled: false })

    // Whoever enables it here gets nowhere with tokens that are used there.
    await call(source, 'PUT', `/instances/${id}/enabled`)
    expect((await verify(source, id)).body.code).toBe('reconnect-required')
    await expire(target, result!.id)
    expect((await verify(target, result!.id)).body.code).toBeUndefined()
  })

  test('leave only when every replica has heard that they do', async () => {
    const { id } = await brought()
    const replica = randomUUID()
    const heard: boolean[] = []
    const { pool } = source.context.db
    const client = new pg.Client({ connectionString: source.databaseUrl })
    await client.connect()
    client.on('notification', async ({ payload }) => {
      const { rows } = await pool.query('select disabled from instances where id = $1', [id])
      heard.push(rows[0].disabled)
      await pool.query("select pg_notify('latchkey_fenced', $1)", [`${payload} ${replica}`])
    })
    try {
      await client.query('listen latchkey_fence')
      await pool.query('insert into replicas (id) values ($1)', [replica])
      await exported({ ids: [id], tokens: 'move' })
      expect(heard.at(-1)).toBe(true)
    } finally {
      await pool.query('delete from replicas where id = $1', [replica])
      await client.end()
    }
  })

  test('of OAuth 1 move, and are used there', async () => {
    const consumer = { apiKey: 'consumer', apiSecret: 'consumer-secret-of-some-length-0123' }
    const clients = [{ key: consumer.apiKey, secret: consumer.apiSecret }]
    await using signing = await startOAuth1Server({ clients })
    const providerData = await consent1(source, signing, consumer)
    const configuration = { server: signing.url }
    await provision(source, { element: { key: 'signed' }, configuration, providerData })
    const issued = signing.issued.length
    const lines = await exported({ all: true, tokens: 'move' })
    const [result] = await imported(lines)
    expect(result!.state).toBe('verified')
    expect(signing.issued.length).toBe(issued)
    const secrets = Object.fromEntries(signing.issued.map((one, at) => [`issued ${at}`, one]))
    expect(findTraces(JSON.stringify(lines), secrets)).toEqual([])
  })

  test('move with what the vendor told when somebody consented, which is held to the definition', async () => {
    const app = { apiKey: 'the-app', apiSecret: clientSecret }
    worlds.oauth.redirectParameters = { realmId: '4711' }
    const providerData = await consent({ source, oauth: worlds.oauth }, app, 'telling')
    worlds.oauth.redirectParameters = {}
    const configuration = { server: worlds.oauth.url }
    await provision(source, { element: { key: 'telling' }, configuration, providerData })
    const [line] = await exported({ all: true, tokens: 'move' })
    expect(line!.manifest.told).toEqual({ realm: '4711' })
    const [result] = await imported([line])
    expect(result!.state).toBe('verified')
    expect((await read(target, result!.id)).configuration.realm).toBe('4711')
  })

  const expire = ({ context }: World, id: number) =>
    context.db.pool.query(
      `update oauth_tokens set expires_at = now(), obtained_at = now() - interval '1 hour'
       where instance_id = $1`,
      [id],
    )

  test('are exported again where they did not arrive, and the instance is not disabled there', async () => {
    const { id } = await brought()
    const [lost] = await exported({ ids: [id], tokens: 'move' })
    const [line] = await exported({ ids: [id], tokens: 'move' })
    expect(line!.manifest).toMatchObject({ tokens: 'moved', disabled: false })
    expect(lost!.secrets).not.toBe(line!.secrets)
    const [result] = await imported([line])
    expect(await read(target, result!.id)).toMatchObject({ state: 'verified', disabled: false })
  })

  test('are not lost where the vendor does not answer: the instance is a draft, and tried again', async () => {
    const { id } = await brought()
    const lines = await exported({ ids: [id], tokens: 'move' })
    const valid = new Set(worlds.tokens.valid)
    worlds.tokens.valid.clear()
    worlds.tokens.next = [() => ({ status: 500 })]
    const [first] = await imported(lines)
    expect(first).toMatchObject({ state: 'draft', created: true, warnings: [{ key: 'verify' }] })
    worlds.tokens.valid = valid
    const [second] = await imported(lines)
    expect(second).toMatchObject({ id: first!.id, state: 'verified', created: false })
  })

  test('are not taken while they are being refreshed', async () => {
    const { id } = await brought()
    const { pool } = worlds.source.context.db
    const lease = (until: string) =>
      pool.query(`update oauth_tokens set lease_until = ${until} where instance_id = $1`, [id])
    await lease("now() + interval '1 minute'")
    const [line] = await exported({ ids: [id], tokens: 'move' })
    expect(line).toMatchObject({ sourceId: id, error: { code: 'instance-busy' } })
    expect(await read(source, id)).toMatchObject({ state: 'verified', disabled: false })
    await lease('null')
  })

  test('of an app profile need one there, which is named', async () => {
    const app = { name: 'Ours', element: { key: 'consents' }, clientId: 'the-app', clientSecret }
    const origins = [worlds.oauth.url]
    const make = async (world: World) => {
      const { body } = await call(world, 'POST', '/oauth-apps', { body: { ...app, origins } })
      return body.id as number
    }
    const there = await make(source)
    const providerData = await consent({ source, oauth: worlds.oauth }, { oauthAppId: `${there}` })
    const configuration = { server: worlds.oauth.url }
    await provision(source, { element: { key: 'consents' }, configuration, providerData })
    const lines = await exported({ all: true, tokens: 'move' })
    const { results } = await importInto(target, lines)
    expect(results).toMatchObject([{ status: 404, error: { code: 'oauth-app-not-found' } }])
    expect(results[0]!.error.message).toContain(`oauthApps=${there}:`)
    const here = await make(target)
    const [result] = await imported(lines, `?oauthApps=${there}:${here}`)
    expect(result!.state).toBe('verified')
    const { authentication } = await read(target, result!.id)
    expect(authentication.oauthAppId).toBe(here)
  })
})

test('no secret of any kind stands in what leaves, in the log, or in the audit', async () => {
  const app = { apiKey: 'the-app', apiSecret: clientSecret }
  const providerData = await consent({ source, oauth: worlds.oauth }, app)
  const { key: certificateKey, cert } = worlds.certificate
  const refresh = worlds.tokens.consent()
  const first = await provision(source, basic())
  const consentedBody = {
    element: { key: 'consents' },
    configuration: { server: worlds.oauth.url },
    providerData,
  }
  const { id: consentedId } = await provision(source, consentedBody)
  await provision(source, {
    element: { key: 'mutual' },
    configuration: { server: worlds.mutual.origin, cert: `${cert}${certificateKey}` },
  })
  const { id: broughtId } = await provision(source, {
    element: { key: 'brought' },
    configuration: { server: worlds.tokens.url, id: 'client', secret: vendorSecret, refresh },
  })
  const tokens = await Promise.all(
    [consentedId, broughtId].map(async (id) => JSON.parse(await openSecret(source, id, '$oauth'))),
  )
  const secrets = {
    password,
    clientSecret,
    vendorSecret,
    refresh,
    certificateKey,
    token: first.token,
    accessToken: tokens[0].accessToken,
    refreshToken: tokens[0].refreshToken,
    otherAccessToken: tokens[1].accessToken,
    otherRefreshToken: tokens[1].refreshToken,
  }
  const lines = await exported({ all: true, tokens: 'move' })
  expect(lines).toHaveLength(4)
  await imported(lines)
  const text = [JSON.stringify(lines), ...worlds.source.log, ...worlds.target.log].join('\n')
  expect(findTraces(text, secrets)).toEqual([])
  for (const world of [source, target]) {
    const { rows } = await world.context.db.pool.query('select a::text as row from audit_entries a')
    expect(findTraces(rows.map(({ row }) => row).join('\n'), secrets)).toEqual([])
  }
})

test('what leaves and what arrives is told in the audit, or does not', async () => {
  const { id } = await provision(source, basic())
  const [line] = await exported({ ids: [id] })
  expect(await audit(source, 'instance.exported')).toMatchObject([
    { instanceId: id, userId: source.userId, detail: { kid: expect.any(String) } },
  ])
  const [result] = await imported([line])
  expect(await audit(target, 'instance.imported')).toMatchObject([
    { instanceId: result!.id, detail: { sourceId: id, source: line!.manifest.source } },
  ])
  const { pool } = worlds.source.context.db
  await pool.query(`alter table audit_entries add constraint closed
    check (action <> 'instance.exported') not valid`)
  const refused = await exported({ ids: [id] })
  await pool.query('alter table audit_entries drop constraint closed')
  expect(refused).toMatchObject([{ sourceId: id, error: { code: 'internal' } }])
  expect(Object.keys(refused[0]!).sort()).toEqual(['error', 'sourceId'])

  const other = await provision(source, basic({ name: 'Other' }))
  const [untold] = await exported({ ids: [other.id] })
  const there = worlds.target.context.db.pool
  await there.query(`alter table audit_entries add constraint closed
    check (action <> 'instance.imported') not valid`)
  const { results } = await importInto(target, [untold])
  await there.query('alter table audit_entries drop constraint closed')
  expect(results).toMatchObject([{ status: 500 }])
  expect((await call(target, 'GET', '/instances')).body).toHaveLength(1)
})
