import { afterAll, describe, expect, test } from 'vitest'
import { addColleague } from '../support/colleague.ts'
import { until } from '../support/until.ts'
import {
  app,
  callbackUrl,
  countPending,
  invalidState,
  openConsents,
  otherCallback,
} from './consents.ts'

const { server, world, ask, consent, provision, refused } = await openConsents()
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

describe('a state is good once, and for nothing else', () => {
  test('it is spent by an instance, and by an exchange that the vendor refuses', async () => {
    const redirect = await consent('coded')
    await provision('coded', redirect)
    expect(await refused('coded', redirect)).toEqual(invalidState)
    const other = await consent('coded')
    const wrong = await provision('coded', { ...other, code: 'wrong-code' })
    expect({ status: wrong.status, code: wrong.body.code }).toEqual({
      status: 400,
      code: 'credentials-rejected',
    })
    expect(await refused('coded', other)).toEqual(invalidState)
  })

  test('of two requests at once, one is provisioned', async () => {
    const redirect = await consent('coded')
    const both = await Promise.all([provision('coded', redirect), provision('coded', redirect)])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400])
    expect(both.find(({ status }) => status === 400)!.body.code).toBe('oauth-state-invalid')
  })

  test('a typing error costs no consent', async () => {
    const redirect = await consent('coded')
    const misspelt = await provision('coded', redirect, { scop: 'x' })
    expect(misspelt.body).toMatchObject({
      code: 'configuration-invalid',
      unknown: [{ key: 'scop', nearest: 'scope' }],
    })
    expect((await provision('coded', redirect, {}, { name: '<b></b>' })).body.code).toBe(
      'name-missing',
    )
    expect((await provision('coded', redirect)).body.state).toBe('verified')
  })

  test('it is not good for another user, element or organization', async () => {
    const redirect = await consent('coded')
    const colleague = await addColleague(world)
    const stranger = await world.addOrganization()
    for (const who of [colleague, stranger]) {
      expect(await refused('coded', redirect, { server: server.url }, {}, who)).toEqual(
        invalidState,
      )
    }
    expect(await refused('twin', redirect)).toMatchObject({ code: 'oauth-state-invalid' })
    expect((await provision('coded', redirect)).body.state).toBe('verified')
  })

  test('it is not good for another instance than the one that it was asked for', async () => {
    const { body: before } = await provision('coded', await consent('coded'))
    const redirect = await consent('coded', { instanceId: String(before.id) })
    expect(await refused('coded', redirect)).toEqual(invalidState)
  })

  test('it is not good for a caller where a connect session began it', async () => {
    const redirect = await consent('coded')
    const { pool } = world.context.db
    await pool.query(`update authorizations set connect_session_id = 4711
      where id = (select max(id) from authorizations)`)
    expect(await refused('coded', redirect)).toEqual(invalidState)
    expect((await countPending(world)).rows).toBeGreaterThan(0)
  })

  test('it is not good when it has expired, was forged or cut', async () => {
    const redirect = await consent('coded')
    const { state = '' } = redirect
    for (const forged of ['x', `${state}x`, state.slice(0, -1), `${state.slice(0, -1)}\u{0}`]) {
      expect(await refused('coded', { ...redirect, state: forged })).toMatchObject({ status: 400 })
    }
    await world.context.db.pool.query(
      "update authorizations set expires_at = now() - interval '1 ms'",
    )
    expect(await refused('coded', redirect)).toEqual(invalidState)
  })

  test('nothing was sent to the vendor for any of them', async () => {
    const before = server.tokenRequests.length
    const redirect = await consent('coded')
    await refused('coded', { ...redirect, state: 'forged' })
    await refused('twin', redirect)
    expect(server.tokenRequests.length).toBe(before)
  })

  test('what has expired is swept, with its secrets', async () => {
    await ask('coded')
    await world.context.db.pool.query(
      "update authorizations set expires_at = now() - interval '1 s'",
    )
    const expired = await countPending(world)
    expect(expired.rows).toBeGreaterThan(0)
    await until(async () => {
      await ask('twin')
      const { rows } = await world.context.db.pool.query(
        'select count(*) as rows from authorizations where expires_at < now()',
      )
      return rows[0].rows === 0
    })
    const { rows, secrets } = await countPending(world)
    expect(secrets).toBe(rows)
  })

  test('of very many that are under way, the oldest give way', async () => {
    const colleague = await addColleague(world)
    const [first] = [await consent('coded', {}, colleague)]
    await world.context.db.pool.query(
      `insert into authorizations
       select (jsonb_populate_record(a, jsonb_build_object('id', a.id + 1000000 + more,
         'created_at', now() + make_interval(secs => more / 1000.0)))).*
       from authorizations a, generate_series(1, 999) more where a.user_id = $1`,
      [colleague.userId],
    )
    const { rows } = await world.context.db.pool.query(
      'select count(*) as rows from authorizations where user_id = $1',
      [colleague.userId],
    )
    expect(rows[0].rows).toBe(1000)
    await ask('coded', {}, colleague)
    expect(await refused('coded', first, {}, {}, colleague)).toEqual(invalidState)
    const { rows: left } = await world.context.db.pool.query(
      'select count(*) as rows from authorizations where user_id = $1',
      [colleague.userId],
    )
    expect(left[0].rows).toBe(1000)
  })
})

describe('a caller’s own state', () => {
  test('is sent as it is, and its latest consent counts', async () => {
    const state = 'tenant=7&return=/settings?a=b c'
    await ask('coded', { state })
    const redirect = await consent('coded', { state })
    expect(redirect.state).toBe(state)
    expect((await provision('coded', redirect)).body.state).toBe('verified')
  })

  test('must not look like one of ours', async () => {
    const { status, body } = await ask('coded', { state: 'lks_1_abc' })
    expect({ status, invalid: body.invalid }).toEqual({
      status: 400,
      invalid: [{ key: 'state', reason: 'begins with "lks_"' }],
    })
  })
})

describe('where a definition permits a code without its state', () => {
  const plain = { ...app, apiKey: 'app' }

  test('the latest consent of that user and callback is used up', async () => {
    const { code } = await consent('stateless', plain)
    const { body } = await provision('stateless', { code })
    expect(body.state).toBe('verified')
    expect(server.tokenRequests.at(-1)!.has('code_verifier')).toBe(false)
    expect(await refused('stateless', { code })).toMatchObject({ code: 'oauth-state-missing' })
  })

  test('somebody else’s consent is none', async () => {
    const { code } = await consent('stateless', plain)
    const colleague = await addColleague(world)
    expect(await refused('stateless', { code }, {}, {}, colleague)).toMatchObject({
      code: 'oauth-state-missing',
    })
    await provision('stateless', { code })
  })

  test('the callback says which one is meant, where there are several', async () => {
    const { code } = await consent('stateless', plain)
    const other = await consent('stateless', { ...plain, callbackUrl: otherCallback })
    expect(await refused('stateless', { code })).toMatchObject({ code: 'oauth-state-missing' })
    const given = { callback: callbackUrl }
    expect((await provision('stateless', { code }, given)).body.state).toBe('verified')
    // Its state still says the same.
    expect((await provision('stateless', other)).body.state).toBe('verified')
  })
})
