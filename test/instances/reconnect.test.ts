import { afterAll, describe, expect, test } from 'vitest'
import { parametersOf } from '../support/browser.ts'
import { call } from '../support/client.ts'
import { startOAuth1Server } from '../support/oauth1-server.ts'
import { findTraces } from '../support/traces.ts'
import { startWebServer } from '../support/web-server.ts'
import { app, callbackUrl, clientSecret, fresh, openReconnecting } from './reconnecting.ts'

const {
  vendor,
  server,
  world,
  consent,
  provision,
  connected,
  get,
  patch,
  verify,
  codeOf,
  tokensOf,
  accessTokenOf,
  refused,
} = await openReconnecting()
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

describe('a new consent', () => {
  test('connects the instance in place: same id, same token, new tokens of the vendor', async () => {
    const id = await connected()
    const before = await get(id)
    const token = await accessTokenOf(id)
    await world.context.db.pool.query(
      `update oauth_tokens set failures = 3, problem = 'reconnect-required', retry_at = now(),
         holder = gen_random_uuid(), lease_until = now() + interval '1 minute'
       where organization_id = $1 and instance_id = $2`,
      [world.organizationId, id],
    )
    await world.context.db.pool.query(
      `update instances set state = 'failed', state_reason = 'gone'
       where organization_id = $1 and id = $2`,
      [world.organizationId, id],
    )
    const { status, body, headers } = await patch(id, { providerData: await consent(id) })
    expect({ status, etag: headers.etag }).toEqual({ status: 200, etag: '"2"' })
    expect(body).toEqual({
      ...before,
      updatedDate: expect.any(String),
      verifiedAt: expect.any(String),
      stateSince: expect.any(String),
    })
    expect(await accessTokenOf(id)).not.toBe(token)
    expect(await tokensOf(id)).toEqual({ ...fresh, version: 2, sealed: [2] })
    expect((await verify(id)).status).toBe(200)
    const { rows } = await world.context.db.pool.query(
      `select action, detail from audit_entries
       where organization_id = $1 and instance_id = $2 order by id desc limit 1`,
      [world.organizationId, id],
    )
    expect(rows).toEqual([
      {
        action: 'instance.updated',
        detail: { members: ['configuration', 'providerData'], entries: ['secret'] },
      },
    ])
  })

  test('comes by PUT as well, with what the instance was answered', async () => {
    const id = await connected()
    const body = { ...(await get(id)), providerData: await consent(id) }
    const answer = await call(world, 'PUT', `/instances/${id}`, { body })
    expect(answer.status).toBe(200)
    expect(answer.body.configuration).toEqual(body.configuration)
    expect((await tokensOf(id)).version).toBe(2)
  })

  test('is spent by a refused exchange, and nothing is changed', async () => {
    const id = await connected()
    const redirect = await consent(id)
    const wrong = { providerData: { ...redirect, code: 'wrong-code' } }
    const answer = await refused(id, () => patch(id, wrong))
    expect(codeOf(answer)).toEqual({ status: 400, code: 'credentials-rejected' })
    const again = await refused(id, () => patch(id, { providerData: redirect }))
    expect(codeOf(again)).toEqual({ status: 400, code: 'oauth-state-invalid' })
  })

  test('for one instance connects no other', async () => {
    const [one, other] = [await connected(), await connected()]
    const redirect = await consent(one)
    const answer = await refused(other, () => patch(other, { providerData: redirect }))
    expect(codeOf(answer)).toEqual({ status: 400, code: 'oauth-state-invalid' })
    expect((await patch(one, { providerData: redirect })).status).toBe(200)
  })

  test('that was refused at the vendor says so', async () => {
    const id = await connected()
    const { state } = await consent(id)
    const denied = { providerData: { error: 'access_denied', state } }
    expect(codeOf(await refused(id, () => patch(id, denied)))).toEqual({
      status: 400,
      code: 'consent-refused',
    })
  })

  test('leaves neither code nor tokens in answers and logs', async () => {
    const id = await connected()
    const redirect = await consent(id)
    const answer = await patch(id, { providerData: redirect })
    const secrets = { code: redirect.code!, token: await accessTokenOf(id), clientSecret }
    const seen = [answer.text, JSON.stringify(await get(id)), ...world.log].join('\n')
    expect(findTraces(seen, secrets)).toEqual([])
  })
})

test('a new consent is not lost where others are faster with other things', async () => {
  let meanwhile: (() => Promise<unknown>) | undefined
  let count = 0
  await using twin = await startWebServer(async ({ path }) => {
    if (path === '/token') {
      count += 1
      return { body: { access_token: `access-token-number-${count}`, token_type: 'Bearer' } }
    }
    await meanwhile?.()
    return { status: 200 }
  })
  const configuration = { server: twin.url, id: 'app-pkce', secret: clientSecret }
  const begin = async (more: object = {}) => {
    const query = new URLSearchParams({ ...app, callbackUrl, server: twin.url, ...more })
    const { body } = await call(world, 'GET', `/elements/coded/oauth/url?${query}`)
    return { code: 'any-code', state: body.state }
  }
  const id = await provision('coded', configuration, { providerData: await begin() })
  const providerData = await begin({ instanceId: String(id) })
  meanwhile = async () => {
    meanwhile = undefined
    const key = [world.organizationId, id]
    const { pool } = world.context.db
    await pool.query(
      `update oauth_tokens set version = version + 1
       where organization_id = $1 and instance_id = $2`,
      key,
    )
    await pool.query(
      `update secrets set secret_version = secret_version + 1
       where organization_id = $1 and owner = 'instance/' || $2::bigint and entry = '$oauth'`,
      key,
    )
  }
  const { status, headers } = await patch(id, { providerData })
  expect({ status, etag: headers.etag }).toEqual({ status: 200, etag: '"2"' })
  expect(await tokensOf(id)).toMatchObject({ version: 3, sealed: [3] })
  expect(await accessTokenOf(id)).toBe('access-token-number-2')

  const another = await begin({ instanceId: String(id) })
  meanwhile = async () => {
    meanwhile = undefined
    await patch(id, { name: 'Meanwhile' })
  }
  const { body } = await patch(id, { providerData: another })
  expect(body).toMatchObject({ name: 'Meanwhile', state: 'verified' })
  expect(await accessTokenOf(id)).toBe('access-token-number-3')
})

test('of two consents at once, one connects the instance, whole', async () => {
  const id = await connected()
  const redirects = [await consent(id), await consent(id)]
  const answers = await Promise.all(redirects.map((providerData) => patch(id, { providerData })))
  const statuses = answers.map(({ status }) => status)
  expect(statuses).toContain(200)
  expect(statuses.every((status) => [200, 409].includes(status))).toBe(true)
  const tokens = await tokensOf(id)
  expect(tokens.sealed).toEqual([tokens.version])
  expect((await verify(id)).status).toBe(200)
})

describe('a draft that takes a consent', () => {
  const draft = () =>
    provision('coded', { id: 'app-pkce', secret: clientSecret }, { verify: false })

  test('says how to come by one', async () => {
    const id = await draft()
    const answer = await verify(id)
    expect(codeOf(answer)).toEqual({ status: 400, code: 'oauth-code-missing' })
    expect(answer.body.message).toContain(`/elements/coded/oauth/url?instanceId=${id}`)
    expect((await get(id)).state).toBe('draft')
  })

  test('is changed without one, and a good instance with one', async () => {
    const id = await draft()
    const changed = await patch(id, { name: 'Other', configuration: { user: 'someone' } })
    expect(changed.body).toMatchObject({ state: 'draft', name: 'Other' })
    const { status, body } = await patch(id, { providerData: await consent(id) })
    expect({ status, state: body.state, valid: body.valid }).toEqual({
      status: 200,
      state: 'verified',
      valid: true,
    })
    expect(await tokensOf(id)).toMatchObject({ ...fresh, version: 1, sealed: [1] })
  })
})

test('an instance with OAuth 1 is tried, changed and connected anew in the same way', async () => {
  const consumer = { apiKey: 'consumer', apiSecret: 'consumer-secret-of-some-length-0123' }
  const client = { key: consumer.apiKey, secret: consumer.apiSecret }
  await using signing = await startOAuth1Server({ clients: [client] })
  const begin = async (more: object = {}) => {
    const asked = { ...consumer, callbackUrl, server: signing.url, ...more }
    const { body } = await call(
      world,
      'GET',
      `/elements/signed/oauth/url?${new URLSearchParams(asked)}`,
    )
    return parametersOf(await signing.consent(body.oauthUrl))
  }
  const id = await provision('signed', { server: signing.url }, { providerData: await begin() })
  expect((await verify(id)).status).toBe(200)
  const issued = signing.issued.length
  const name = await patch(id, { configuration: { callback: callbackUrl } })
  expect({ status: name.status, issued: signing.issued.length }).toEqual({ status: 200, issued })
  const token = await accessTokenOf(id)
  const anew = await patch(id, { providerData: await begin({ instanceId: String(id) }) })
  expect({ status: anew.status, state: anew.body.state }).toEqual({
    status: 200,
    state: 'verified',
  })
  expect(await accessTokenOf(id)).not.toBe(token)
  expect(await tokensOf(id)).toMatchObject({ version: 2, sealed: [2] })
  expect((await verify(id)).status).toBe(200)
})
