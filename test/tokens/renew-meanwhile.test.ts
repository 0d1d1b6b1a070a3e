import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { openSecret } from '../support/oauth-elements.ts'
import { until } from '../support/until.ts'
import { startWorld } from '../support/world.ts'
import { type Connected, connect, definitions, endIn, get, lifeOf, outwait } from './instances.ts'
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

describe('a token that the vendor refuses', () => {
  test('is replaced once for fifty who use it', async () => {
    const key = await connect(world, vendor)
    vendor.valid.clear()
    const all = await Promise.all(Array.from({ length: 50 }, () => get(world, key, vendor)))
    expect(all).toEqual(Array(50).fill(ok))
    expect(vendor.asked).toHaveLength(1)
  })

  test('may be told by a mark in the body', async () => {
    const key = await connect(world, vendor, 'marking')
    vendor.valid.clear()
    expect(await get(world, key, vendor, '/marked')).toEqual(ok)
    expect(vendor.asked).toHaveLength(1)
  })

  test('is replaced, and a request that may not be repeated is not', async () => {
    const key = await connect(world, vendor)
    vendor.valid.clear()
    expect(await get(world, key, vendor, '/me', { repeatable: false })).toMatchObject({
      status: 401,
    })
    expect(await get(world, key, vendor)).toEqual(ok)
    expect(vendor.asked).toHaveLength(1)
  })

  test('whose successor is refused, too, is not replaced again and again', async () => {
    const key = await connect(world, vendor)
    for (let times = 0; times < 5; times += 1) {
      vendor.valid.clear()
      vendor.next = [
        (grant) => {
          const reply = grant()
          vendor.valid.clear()
          return reply
        },
      ]
      expect(await get(world, key, vendor)).toMatchObject({ status: 401 })
    }
    vendor.next = []
    expect(vendor.asked).toHaveLength(1)
  })
})

test('a session that has ended is opened again for an instance that keeps no token', async () => {
  const key = await connect(world, vendor, 'session')
  expect(await get(world, key, vendor)).toEqual(ok)
  vendor.valid.clear()
  expect(await Promise.all([get(world, key, vendor), get(world, key, vendor)])).toEqual([ok, ok])
  expect(vendor.asked).toHaveLength(2)
})

describe('while a refresh is under way', () => {
  const late = async (meanwhile: (key: Connected) => Promise<void>) => {
    const key = await connect(world, vendor)
    await endIn(world, key, -1)
    const answered = Promise.withResolvers<void>()
    const seen = Promise.withResolvers<void>()
    vendor.next = [
      async (grant) => {
        seen.resolve()
        await answered.promise
        return grant()
      },
    ]
    const calling = get(world, key, vendor).catch((error) => error)
    await seen.promise
    await meanwhile(key)
    answered.resolve()
    return { key, result: await calling }
  }

  test('an instance may be deleted: nothing is stored of it', async () => {
    const { key, result } = await late(async ({ organizationId, instanceId }) => {
      const values = [organizationId, instanceId]
      await world.context.db.pool.query(
        'delete from instances where organization_id = $1 and id = $2',
        values,
      )
      await world.context.db.pool.query(
        'delete from secrets where organization_id = $1 and owner = $2',
        [organizationId, `instance/${instanceId}`],
      )
    })
    expect(result).toMatchObject({ code: 'instance-not-found' })
    await expect(openSecret(world, key.instanceId, '$oauth')).rejects.toThrow('no secret')
    expect(await lifeOf(world, key)).toBeUndefined()
  })

  test('its lease may run out: the answer that comes late is kept all the same', async () => {
    const { key, result } = await late((key) => outwait(world, key))
    expect(result).toEqual(ok)
    expect(await lifeOf(world, key)).toMatchObject({ version: 2 })
  })

  test('another may refuse what the vendor has replaced: the late answer heals it', async () => {
    await using other = await startWorld({
      definitions,
      allow: ['127.0.0.1'],
      databaseUrl: world.databaseUrl,
      keys: world.keys,
    })
    const key = await connect(world, vendor)
    await endIn(world, key, -1)
    const [refused, seen] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    vendor.next = [
      async (grant) => {
        const reply = grant()
        seen.resolve()
        await refused.promise
        return reply
      },
    ]
    const first = get(world, key, vendor)
    await seen.promise
    await outwait(world, key)
    await expect(get(other, key, vendor)).rejects.toMatchObject({
      code: 'reconnect-required',
      message: expect.stringContaining('was interrupted'),
    })
    expect(await show(key)).toMatchObject({ valid: false })
    refused.resolve()
    expect(await first).toEqual(ok)
    expect(await show(key)).toMatchObject({ valid: true, state: 'verified', stateReason: null })
    expect(await get(other, key, vendor)).toEqual(ok)
  })

  test('our database may break the connection that stores: the only good token is not lost', async () => {
    const blocker = await world.context.db.pool.connect()
    const { key, result } = await late(async ({ instanceId }) => {
      await blocker.query('begin')
      await blocker.query('select from oauth_tokens where instance_id = $1 for update', [
        instanceId,
      ])
      void until(async () => {
        const { rows } = await blocker.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where wait_event_type = 'Lock' and datname = current_database()`,
        )
        return rows.length > 0
      }).then(async () => {
        await blocker.query('rollback')
        blocker.release()
      })
    })
    expect(result).toEqual(ok)
    expect(await lifeOf(world, key)).toMatchObject({ version: 2 })
    expect(vendor.asked).toHaveLength(1)
  })

  test('whoever waits gives up at the own deadline, and the refresh goes on', async () => {
    const { key } = await late(async (key) => {
      await expect(
        get(world, key, vendor, '/me', { deadline: performance.now() + 50 }),
      ).rejects.toMatchObject({ code: 'vendor-late' })
    })
    expect(await lifeOf(world, key)).toMatchObject({ version: 2 })
  })
})

test('no token and no secret is in the log', () => {
  expect(world.log.join('\n')).not.toMatch(/(access|refresh)-token-number|client-secret-of/)
})
