import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { openSecret } from '../support/oauth-elements.ts'
import type { Reply } from '../support/web-server.ts'
import { type Connected, connect, endIn, get, jobsOf, lifeOf, outwait } from './instances.ts'
import { openRenewing } from './renewing.ts'

const { world, vendor, show } = await openRenewing()
beforeEach(() => {
  Object.assign(vendor, { rotates: true, lifeSeconds: 3600 })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const ok = { status: 200, body: { ok: true } }

describe('what the vendor answers to a refresh', () => {
  const bad: [
    what: string,
    problem: string,
    reply: (grant: () => Reply) => Reply | Promise<Reply>,
  ][] = [
    ['an error of its own', 'vendor-unexpected', () => ({ status: 500, body: { error: 'x' } })],
    ['a page', 'vendor-unexpected', () => ({ status: 200, body: '<html><body>Hi</body></html>' })],
    ['broken JSON', 'vendor-unexpected', () => ({ body: '{"access_token": "abc' })],
    ['no access token', 'vendor-unexpected', () => ({ body: { token_type: 'Bearer' } })],
    [
      'a token of another type',
      'vendor-unexpected',
      () => ({ body: { access_token: 'mac-token-of-some-length', token_type: 'mac' } }),
    ],
    [
      'a token that no header can carry',
      'vendor-unexpected',
      () => ({ body: { access_token: 'two\nlines-of-some-length', token_type: 'Bearer' } }),
    ],
    ['nothing in time', 'vendor-late', () => new Promise<Reply>(() => {})],
    ['that it has had enough', 'vendor-throttled', () => ({ status: 429 })],
  ]

  test.each(bad)(
    '%s keeps the good token, which is used until it ends',
    async (_, problem, reply) => {
      const key = await connect(world, vendor)
      const before = await openSecret(world, key.instanceId, '$oauth')
      await endIn(world, key, 60)
      vendor.next = [reply]
      expect(await get(world, key, vendor)).toEqual(ok)
      expect(await openSecret(world, key.instanceId, '$oauth')).toBe(before)
      expect(await lifeOf(world, key)).toMatchObject({ version: 1, failures: 1, problem })
      // Nothing loops: the next try has its time.
      expect(await get(world, key, vendor)).toEqual(ok)
      expect(vendor.asked).toHaveLength(1)
      expect(await show(key)).toMatchObject({ valid: true, state: 'verified' })

      await endIn(world, key, -1)
      await world.context.db.pool.query(
        "update oauth_tokens set retry_at = now() + interval '1 min'",
      )
      await expect(get(world, key, vendor)).rejects.toMatchObject({
        code: problem,
        details: { retryAfter: expect.any(Number) },
      })
      expect(vendor.asked).toHaveLength(1)
      await outwait(world, key)
      expect(await get(world, key, vendor)).toEqual(ok)
      expect(await lifeOf(world, key)).toMatchObject({ version: 2, failures: 0, problem: null })
    },
  )

  test('each failure in a row makes the pause longer, and at most about ten minutes', async () => {
    const key = await connect(world, vendor)
    await endIn(world, key, -1)
    const pauses: number[] = []
    for (let times = 0; times < 14; times += 1) {
      vendor.next = [() => ({ status: 503 })]
      await expect(get(world, key, vendor)).rejects.toThrow('could not be refreshed')
      pauses.push((await lifeOf(world, key)).retry_in)
      await outwait(world, key)
    }
    expect(pauses[0]).toBeLessThan(1.3)
    expect(pauses[4]).toBeGreaterThan(10)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(750)
  })

  test('how long it asks us to wait is heeded', async () => {
    const key = await connect(world, vendor)
    await endIn(world, key, -1)
    vendor.next = [() => ({ status: 429, headers: { 'retry-after': '120' } })]
    await expect(get(world, key, vendor)).rejects.toMatchObject({
      code: 'vendor-throttled',
      details: { retryAfter: 120 },
    })
    expect((await lifeOf(world, key)).retry_in).toBeGreaterThan(110)
  })

  test('new tokens take the place of the old ones, the entry that brought one included', async () => {
    const key = await connect(world, vendor)
    const { revision, ...before } = await revisionOf(key)
    await endIn(world, key, 60)
    expect(await get(world, key, vendor)).toEqual(ok)
    const tokens = JSON.parse(await openSecret(world, key.instanceId, '$oauth'))
    expect([...vendor.usable]).toContain(tokens.refreshToken)
    expect(await openSecret(world, key.instanceId, 'refresh')).toBe(tokens.refreshToken)
    expect(await lifeOf(world, key)).toMatchObject({ version: 2, holder: null, sent_at: null })
    expect(await revisionOf(key)).toEqual({ revision, ...before })
    expect(await secretsOf(key)).toEqual(['$oauth', '$token', 'refresh', 'secret'])
  })

  test('a refresh token that it does not repeat stays as it is', async () => {
    vendor.rotates = false
    const key = await connect(world, vendor)
    const before = JSON.parse(await openSecret(world, key.instanceId, '$oauth'))
    await endIn(world, key, -1)
    expect(await get(world, key, vendor)).toEqual(ok)
    const after = JSON.parse(await openSecret(world, key.instanceId, '$oauth'))
    expect(after.refreshToken).toBe(before.refreshToken)
    expect(after.accessToken).not.toBe(before.accessToken)
  })

  test('without a refresh token the grant that yielded the token yields the next', async () => {
    const key = await connect(world, vendor, 'client')
    await endIn(world, key, -1)
    expect(await get(world, key, vendor)).toEqual(ok)
    expect(vendor.asked.map(({ body }) => body)).toEqual([
      expect.stringContaining('grant_type=client_credentials'),
    ])
  })

  test('a refused refresh token is no end where the password yields another', async () => {
    const key = await connect(world, vendor, 'owner')
    await endIn(world, key, -1)
    expect(await get(world, key, vendor)).toEqual(ok)
    expect(pathsAsked()).toEqual(['/token/refresh'])
    vendor.usable.clear()
    await endIn(world, key, -1)
    expect(await get(world, key, vendor)).toEqual(ok)
    expect(pathsAsked()).toEqual(['/token/refresh', '/token/refresh', '/token'])
    expect(await show(key)).toMatchObject({ valid: true })
  })

  test('a token is used until a margin before its end', async () => {
    const key = await connect(world, vendor)
    await endIn(world, key, 330)
    expect(await get(world, key, vendor)).toEqual(ok)
    expect(vendor.asked).toHaveLength(0)
    await endIn(world, key, 290)
    expect(await get(world, key, vendor)).toEqual(ok)
    expect(vendor.asked).toHaveLength(1)
  })

  const pathsAsked = () => vendor.asked.map(({ path }) => path)
  const revisionOf = async ({ organizationId, instanceId }: Connected) => {
    const { rows } = await world.context.db.pool.query(
      'select revision, updated_at, state_since from instances where organization_id = $1 and id = $2',
      [organizationId, instanceId],
    )
    return rows[0]
  }
  const secretsOf = async ({ organizationId, instanceId }: Connected) => {
    const { rows } = await world.context.db.pool.query(
      'select entry from secrets where organization_id = $1 and owner = $2 order by entry collate "C"',
      [organizationId, `instance/${instanceId}`],
    )
    return rows.map(({ entry }) => entry)
  }
})

describe('a refusal that only a person can heal', () => {
  test('of the refresh token makes the instance invalid, says why, and is not tried again', async () => {
    const key = await connect(world, vendor)
    await endIn(world, key, 60)
    vendor.usable.clear()
    await expect(get(world, key, vendor)).rejects.toMatchObject({
      code: 'reconnect-required',
      message: expect.stringContaining('no longer accepts the refresh token'),
      details: { providerMessage: 'unknown' },
    })
    expect(await show(key)).toMatchObject({
      valid: false,
      state: 'failed',
      stateReason: expect.stringContaining('Connect the instance anew'),
    })
    await outwait(world, key)
    await expect(get(world, key, vendor)).rejects.toMatchObject({ code: 'reconnect-required' })
    expect(vendor.asked).toHaveLength(1)
  })

  test('of the client names it, and heals when it is accepted again', async () => {
    const key = await connect(world, vendor)
    await endIn(world, key, -1)
    vendor.next = [() => ({ status: 401, body: { error: 'invalid_client' } })]
    await expect(get(world, key, vendor)).rejects.toMatchObject({
      code: 'credentials-rejected',
      message: expect.stringContaining('client id and secret of the instance'),
    })
    expect(await show(key)).toMatchObject({ valid: false, state: 'failed' })
    expect((await lifeOf(world, key)).retry_in).toBeGreaterThan(40)
    await outwait(world, key)
    expect(await get(world, key, vendor)).toEqual(ok)
    expect(await show(key)).toMatchObject({ valid: true, state: 'verified', stateReason: null })
  })

  test('is repeated in the vendor’s words, without any secret that it says', async () => {
    const key = await connect(world, vendor)
    const { accessToken } = JSON.parse(await openSecret(world, key.instanceId, '$oauth'))
    await endIn(world, key, -1)
    const description = `not ${accessToken}, but your other-token-of-some-length`
    const body = {
      error: 'invalid_grant',
      error_description: description,
      other_token: 'other-token-of-some-length',
    }
    vendor.next = [() => ({ status: 400, body })]
    await expect(get(world, key, vendor)).rejects.toMatchObject({
      details: { providerMessage: 'not ********, but your ********' },
    })
  })

  test('of a client whose token still lives is no obstacle yet', async () => {
    const key = await connect(world, vendor)
    await endIn(world, key, 60)
    vendor.next = [() => ({ status: 401, body: { error: 'invalid_client' } })]
    expect(await get(world, key, vendor)).toEqual(ok)
  })
})

describe('the next refresh', () => {
  test('is set a little ahead of the end, and again with each token', async () => {
    const key = await connect(world, vendor)
    const [job, ...more] = await jobsOf(world, key)
    expect(more).toEqual([])
    expect(job!.starts_in).toBeGreaterThan(3600 - 2 * 300 - 60)
    expect(job!.starts_in).toBeLessThanOrEqual(3600 - 300)
    await endIn(world, key, -1)
    vendor.lifeSeconds = 100
    await get(world, key, vendor)
    const [next, ...others] = await jobsOf(world, key)
    expect(others).toEqual([])
    expect(next).toMatchObject({ data: { version: 2 } })
    expect(next!.starts_in).toBeLessThanOrEqual(90)
    expect(next!.starts_in).toBeGreaterThan(20)
  })

  test('is not set where the vendor names no end', async () => {
    vendor.lifeSeconds = null
    expect(await jobsOf(world, await connect(world, vendor))).toEqual([])
  })
})

test('no token and no secret is in the log', () => {
  expect(world.log.join('\n')).not.toMatch(/(access|refresh)-token-number|client-secret-of/)
})
