import type { ClientMetadata } from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser, parametersOf } from '../support/browser.ts'
import { type Answer, call } from '../support/client.ts'
import { consentElement, me } from '../support/consent-elements.ts'
import { oauthElement, openSecret } from '../support/oauth-elements.ts'
import { type OAuthServer, startOAuthServer } from '../support/oauth-server.ts'
import { byConsent, oauth1Element } from '../support/oauth1-elements.ts'
import { startOAuth1Server } from '../support/oauth1-server.ts'
import {
  startTokenServer,
  type TokenServer,
  clientSecret as vendorSecret,
} from '../support/token-server.ts'
import { findTraces } from '../support/traces.ts'
import { startWebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'

const callbackUrl = 'https://app.example/callback'
const clientSecret = 'client-secret:with~signs+and%and-enough-of-them'
const client: Omit<ClientMetadata, 'client_id'> = {
  client_secret: clientSecret,
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['authorization_code', 'refresh_token'],
  redirect_uris: [callbackUrl],
}
const machine: ClientMetadata = {
  ...client,
  client_id: 'machine',
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
}
const otherMachine = { ...machine, client_id: 'other-machine' }
const app = { apiKey: 'app-pkce', apiSecret: clientSecret }
const probing = {
  probes: [{ method: 'GET', path: 'me', rules: [{ when: { status: 200 }, verdict: 'verified' }] }],
}
const definitions = [
  consentElement(9851, 'coded'),
  oauthElement(9852, 'machine', {}, me),
  oauthElement(9853, 'silent'),
  oauth1Element(9856, 'signed', { ...byConsent, callbackUrl: '{callback}' }),
  oauthElement(9854, 'granting', { clientAuthentication: 'post' }, probing),
  oauthElement(
    9855,
    'brought',
    { clientAuthentication: 'post', grant: 'refreshToken', refreshToken: '{refresh}' },
    probing,
  ),
]

let server: OAuthServer
let vendor: TokenServer
let world: World
beforeAll(async () => {
  vendor = await startTokenServer()
  server = await startOAuthServer([{ ...client, client_id: 'app-pkce' }, machine, otherMachine])
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

/** What the callback received after somebody's consent. */
async function consent(instanceId?: number) {
  const asked = { ...app, callbackUrl, server: server.url }
  const query = new URLSearchParams({
    ...asked,
    ...(instanceId && { instanceId: `${instanceId}` }),
  })
  const { body } = await call(world, 'GET', `/elements/coded/oauth/url?${query}`)
  return parametersOf(await new Browser().consent(body.oauthUrl))
}
async function provision(key: string, configuration: object, more: object = {}): Promise<number> {
  const body = {
    element: { key },
    name: 'N',
    configuration: { server: server.url, ...configuration },
  }
  const answer = await call(world, 'POST', '/instances', { body: { ...body, ...more } })
  expect({ status: answer.status, code: answer.body.code }).toEqual({ status: 200 })
  return answer.body.id
}
const connected = async () => provision('coded', {}, { providerData: await consent() })
const credentials = { id: 'machine', secret: clientSecret }
const get = async (id: number) => (await call(world, 'GET', `/instances/${id}`)).body
const patch = (id: number, body: object, headers = {}) =>
  call(world, 'PATCH', `/instances/${id}`, { body, headers })
const verify = (id: number) => call(world, 'POST', `/instances/${id}/verify`)
const codeOf = ({ status, body }: Answer) => ({ status, code: body.code })
async function tokensOf(id: number) {
  const { rows } = await world.context.db.pool.query(
    `select t.version, t.expires_at, t.holder, t.failures, t.retry_at, t.problem,
       array_agg(s.secret_version) as sealed
     from oauth_tokens t join secrets s on s.organization_id = $1 and s.owner = $3
       and s.entry = '$oauth'
     where t.organization_id = $1 and t.instance_id = $2 group by t.organization_id, t.instance_id`,
    [world.organizationId, id, `instance/${id}`],
  )
  return rows[0]
}
const accessTokenOf = async (id: number) =>
  JSON.parse(await openSecret(world, id, '$oauth')).accessToken
/** A refusal that leaves tokens and instance as they were, and working. */
async function refused(id: number, send: () => Promise<Answer>) {
  const before = [await get(id), await tokensOf(id), await accessTokenOf(id)]
  const answer = await send()
  expect(answer.status).toBeGreaterThanOrEqual(400)
  expect([await get(id), await tokensOf(id), await accessTokenOf(id)]).toEqual(before)
  expect((await verify(id)).status).toBe(200)
  return answer
}
const fresh = {
  holder: null,
  failures: 0,
  retry_at: null,
  problem: null,
  expires_at: expect.any(Date),
}

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

describe('tokens that are there', () => {
  test('prove a change that does not touch the login, without another one', async () => {
    const id = await connected()
    const granted = server.granted
    const configuration = { user: 'someone', callback: 'https://app.example/other' }
    const { status, body } = await patch(id, { configuration })
    expect({ status, configuration: body.configuration }).toMatchObject({
      status: 200,
      configuration,
    })
    expect(body.state).toBe('verified')
    expect((await verify(id)).status).toBe(200)
    expect(server.granted).toBe(granted)
    expect(await tokensOf(id)).toMatchObject({ version: 1, sealed: [1] })
  })

  test('do not serve another client: that takes a consent', async () => {
    const id = await connected()
    for (const configuration of [{ id: 'another' }, { secret: 'another-client-secret-1' }]) {
      const answer = await refused(id, () => patch(id, { configuration }))
      expect(codeOf(answer)).toEqual({ status: 400, code: 'oauth-code-missing' })
      expect(answer.body.message).toContain(`PATCH /instances/${id}`)
    }
  })

  test('stay where they were given for, as the client secret does', async () => {
    await using elsewhere = await startWebServer(() => ({ status: 200 }))
    const id = await connected()
    const moved = { server: elsewhere.url }
    const answer = await refused(id, () => patch(id, { configuration: moved }))
    expect(codeOf(answer)).toEqual({ status: 422, code: 'secrets-required' })
    expect(answer.body.missing).toEqual([{ key: 'secret', name: 'secret' }])
    const withSecret = { ...moved, secret: clientSecret }
    const again = await refused(id, () => patch(id, { configuration: withSecret }))
    expect(again.status).toBe(400)
    expect(elsewhere.received).toEqual([])
  })
})

describe('a vendor that refuses a token before its end', () => {
  const given = () => ({ server: vendor.url, id: 'client', secret: vendorSecret })

  test('gets a new one when the instance is tried', async () => {
    const id = await provision('granting', given())
    vendor.valid.clear()
    const { status, body, headers } = await verify(id)
    expect({ status, state: body.state, etag: headers.etag }).toEqual({
      status: 200,
      state: 'verified',
      etag: '"1"',
    })
    expect((await tokensOf(id)).version).toBe(2)
  })

  test('gets a new one when the instance is changed', async () => {
    const id = await provision('granting', given())
    vendor.valid.clear()
    expect((await patch(id, { configuration: { user: 'someone' } })).status).toBe(200)
    expect((await tokensOf(id)).version).toBe(2)
  })

  test('and refuses a new one gets no more until somebody brings another refresh token', async () => {
    const id = await provision('brought', { ...given(), refresh: vendor.consent() })
    vendor.valid.clear()
    vendor.usable.clear()
    expect(codeOf(await verify(id))).toEqual({ status: 409, code: 'reconnect-required' })
    expect(await get(id)).toMatchObject({ state: 'failed', valid: false })
    const wrong = await patch(id, { configuration: { refresh: 'not-one-of-the-vendors' } })
    expect(codeOf(wrong)).toEqual({ status: 400, code: 'credentials-rejected' })
    const { status, body } = await patch(id, { configuration: { refresh: vendor.consent() } })
    expect({ status, state: body.state, reason: body.stateReason }).toEqual({
      status: 200,
      state: 'verified',
      reason: null,
    })
    expect((await verify(id)).status).toBe(200)
    expect(await tokensOf(id)).toEqual({ ...fresh, version: 2, sealed: [2] })
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

describe('an app profile', () => {
  const keepApp = async (clientId: string) => {
    const body = { element: { key: 'machine' }, name: 'A', clientId, clientSecret }
    const origins = [server.url]
    const answer = await call(world, 'POST', '/oauth-apps', { body: { ...body, origins } })
    return answer.body.id as number
  }

  test('stays the client of an instance that is changed, and can be replaced by another', async () => {
    const [one, other] = [await keepApp('machine'), await keepApp('other-machine')]
    const id = await provision('machine', {}, { authentication: { oauthAppId: one } })
    const granted = server.granted
    const kept = await patch(id, { configuration: { user: 'someone' } })
    expect(kept.body.authentication).toEqual({ type: 'oauth2', oauthAppId: one })
    expect((await verify(id)).status).toBe(200)
    expect(server.granted).toBe(granted)
    const moved = await patch(id, { authentication: { oauthAppId: other } })
    expect(moved.body.authentication.oauthAppId).toBe(other)
    expect(server.granted).toBe(granted + 1)
    expect((await tokensOf(id)).version).toBe(2)
  })

  test('gives way to a client that an instance brings itself', async () => {
    const id = await provision(
      'machine',
      {},
      { authentication: { oauthAppId: await keepApp('machine') } },
    )
    const half = await refused(id, () => patch(id, { configuration: { id: 'other-machine' } }))
    expect(half.status).toBe(400)
    const own = { id: 'other-machine', secret: clientSecret }
    const { status, body } = await patch(id, { configuration: own })
    expect({ status, authentication: body.authentication }).toEqual({
      status: 200,
      authentication: { type: 'oauth2' },
    })
    const gone = await patch(id, { authentication: { oauthAppId: 999_999_999 } })
    expect(gone.status).toBeGreaterThanOrEqual(400)
  })
})

describe('a login without a browser', () => {
  test('is made anew where its client changes, and its tokens replace the old ones', async () => {
    const id = await provision('machine', credentials)
    const token = await accessTokenOf(id)
    const { status } = await patch(id, { configuration: { id: 'other-machine' } })
    expect(status).toBe(200)
    expect(await accessTokenOf(id)).not.toBe(token)
    expect(await tokensOf(id)).toEqual({ ...fresh, version: 2, sealed: [2] })
  })

  test('that the vendor refuses leaves the old tokens', async () => {
    const id = await provision('machine', credentials)
    const wrong = { configuration: { secret: 'wrong-client-secret-77' } }
    const answer = await refused(id, () => patch(id, wrong))
    expect(codeOf(answer)).toEqual({ status: 400, code: 'credentials-rejected' })
    expect(answer.text).not.toContain('wrong-client-secret-77')
  })

  test('is that of a draft when it is verified', async () => {
    const id = await provision('machine', credentials, { verify: false })
    expect(await tokensOf(id)).toBeUndefined()
    expect((await verify(id)).body.state).toBe('verified')
    expect(await tokensOf(id)).toEqual({ ...fresh, version: 1, sealed: [1] })
  })

  test('of an element that has no probe is the proof', async () => {
    const id = await provision('silent', credentials)
    expect((await patch(id, { configuration: { user: 'someone' } })).body.state).toBe('verified')
    expect((await patch(id, { configuration: { id: 'other-machine' } })).body.state).toBe(
      'verified',
    )
    const wrong = await patch(id, { configuration: { id: 'nobody' } })
    expect(codeOf(wrong)).toEqual({ status: 400, code: 'credentials-rejected' })
  })
})
