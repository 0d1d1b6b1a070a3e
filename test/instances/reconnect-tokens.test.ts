import { afterAll, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { clientSecret as vendorSecret } from '../support/token-server.ts'
import { startWebServer } from '../support/web-server.ts'
import { clientSecret, fresh, openReconnecting } from './reconnecting.ts'

const {
  vendor,
  server,
  world,
  provision,
  connected,
  credentials,
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
