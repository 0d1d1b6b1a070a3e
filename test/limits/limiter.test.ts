import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Limited, LimitPool, OverReason, Permit } from '../../src/limits/limited.ts'
import { Limiter, type LimiterOptions } from '../../src/limits/limiter.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
let limiter: Limiter
let other: Limiter
const open = (options: Partial<LimiterOptions> = {}) =>
  new Limiter({ url: world.databaseUrl, onError: () => {}, ...options })
beforeAll(async () => {
  world = await startWorld()
  limiter = world.context.limiter
  // Another replica: all that they share is the database.
  other = open()
})
afterAll(async () => {
  await other[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
})

const hourMs = 3_600_000
let made = 0
/** A budget of its own, of which nothing comes back while a test runs. */
const limitedTo = (amount: number, pools: LimitPool[] = [], periodMs = hourMs): Limited => {
  made += 1
  const budget = { name: `instance/${made}`, revision: 1, windows: [{ amount, periodMs }] }
  return { organizationId: world.organizationId, share: made, budget, pools }
}
const poolOf = (limit: number, more: Partial<LimitPool> = {}): LimitPool => {
  made += 1
  return { name: `pool/${made}`, revision: 1, limit, ...more }
}
const pooled = (pool: LimitPool): Limited => ({
  organizationId: world.organizationId,
  share: made,
  pools: [pool],
})
const within = (ms = 15_000) => ({ deadline: performance.now() + ms })
const refusalOf = async (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    ({ code, details }) => ({ code, ...details }),
  )
const send = (permit: Permit) => {
  expect(permit.isFresh()).toBe(true)
  permit.sent()
}

describe('calls of a budget', () => {
  test('start in the order in which they came', async () => {
    const limited = limitedTo(100)
    const order: number[] = []
    const calls = Array.from({ length: 100 }, async (_, at) => {
      send(await limiter.acquire(limited, within()))
      order.push(at)
    })
    await Promise.all(calls)
    expect(order).toEqual([...order].sort((one, next) => one - next))
  })

  test('of several instances take turns, however many each has', async () => {
    const { budget, ...limited } = limitedTo(8)
    const leave = new AbortController()
    const order: number[] = []
    const calls = [1, 1, 1, 1, 1, 1, 2, 2, 3].map(async (share) => {
      const asked = { ...within(), signal: leave.signal }
      send(await limiter.acquire({ ...limited, budget, share }, asked))
      order.push(share)
      if (order.length === 8) leave.abort()
    })
    await Promise.allSettled(calls)
    // Whoever came first was alone then.
    expect(order).toEqual([1, 2, 3, 1, 2, 1, 1, 1])
  })

  test('whose turn has been come before those that wait', async () => {
    const limited = limitedTo(1)
    const permit = await limiter.acquire(limited, within())
    const order: string[] = []
    const waits = limiter.acquire(limited, within()).then((next) => {
      order.push('waits')
      send(next)
    })
    const again = limiter.acquire(limited, { ...within(), first: true }).then((next) => {
      order.push('again')
      next.release()
    })
    permit.release()
    await Promise.all([waits, again])
    expect(order).toEqual(['again', 'waits'])
  })

  test('of a limit that is far away are granted ahead of need, and what is not used goes back', async () => {
    const limited = limitedTo(1_000_000)
    for (let call = 0; call < 500; call += 1) {
      const permit = await limiter.acquire(limited, within())
      send(permit)
      permit.release()
    }
    await until(async () => (await limiter.state(limited)).budget!.windows[0]!.used === 500)
    const asked = { organizationId: limited.organizationId, budget: limited.budget!.name }
    const { rows } = await world.context.db.pool.query(
      'select cardinality(counts) as batches from limit_windows where organization_id = $1 and budget = $2',
      [asked.organizationId, asked.budget],
    )
    // Fewer questions than calls.
    expect(rows[0].batches).toBeLessThan(250)
  })

  test('of a limit that is near are not granted ahead of need', async () => {
    const limited = limitedTo(20)
    for (let call = 0; call < 15; call += 1) send(await limiter.acquire(limited, within()))
    const rest = Array.from({ length: 5 }, () => other.acquire(limited, within(3_000)))
    for (const permit of await Promise.all(rest)) send(permit)
    expect((await limiter.state(limited)).budget!.windows).toMatchObject([{ used: 20 }])
  })

  test('that were not sent leave the permit to others, of other replicas as well', async () => {
    const limited = limitedTo(5)
    const permits = await Promise.all(
      Array.from({ length: 5 }, () => limiter.acquire(limited, within())),
    )
    send(permits[0]!)
    const waiting = Array.from({ length: 4 }, () => other.acquire(limited, within()))
    for (const permit of permits) {
      permit.release()
      permit.release()
    }
    for (const permit of await Promise.all(waiting)) send(permit)
    expect((await limiter.state(limited)).budget!.windows).toMatchObject([{ amount: 5, used: 5 }])
  })

  test('that were too late have their permit back while others are asked for', async () => {
    const limited = limitedTo(5)
    const permits = await Promise.all(
      Array.from({ length: 5 }, () => limiter.acquire(limited, within())),
    )
    // The question for it is under way, and is answered that nothing comes back for an hour.
    const waits = limiter.acquire(limited, within(1_000))
    permits[0]!.release()
    send(await waits)
  })

  test('of several replicas that are as many as the limit wait for nothing that nobody needs', async () => {
    const limited = limitedTo(20)
    const calls = [limiter, other].flatMap((replica) =>
      Array.from({ length: 10 }, async () => send(await replica.acquire(limited, within(1_000)))),
    )
    await Promise.all(calls)
  })

  test('may not start when their permit is too old', async () => {
    const permit = await limiter.acquire(limitedTo(1), within())
    await until(() => !permit.isFresh())
    permit.release()
    expect(permit.isFresh()).toBe(false)
  })

  test('are told what is left of each window', async () => {
    const limited = limitedTo(5)
    limited.budget = {
      ...limited.budget!,
      windows: [...limited.budget!.windows, { amount: 50, periodMs: 90_000 }],
    }
    const permit = await limiter.acquire(limited, within())
    expect(permit.headers()).toEqual({
      'RateLimit-Policy': '"latchkey-hour";q=5;w=3600, "latchkey-90-seconds";q=50;w=90',
      RateLimit: expect.stringMatching(
        /^"latchkey-90-seconds";r=49;t=9\d, "latchkey-hour";r=4;t=36\d\d$/,
      ),
    })
    permit.release()
  })
})

describe('a call that waits', () => {
  test('is refused when its time is over, with the state of the queue', async () => {
    const limited = limitedTo(1)
    send(await limiter.acquire(limited, within()))
    const [first, second] = await Promise.all([
      refusalOf(limiter.acquire(limited, within(150))),
      refusalOf(limiter.acquire(limited, within(150))),
    ])
    for (const refusal of [first, second]) {
      expect(refusal).toMatchObject({ code: 'limit-wait-over', retryAfter: 3600 })
    }
    expect(first.limit.waiting + second.limit.waiting).toBe(1)
  })

  test('is refused at once where too many wait, in a queue or in all', async () => {
    await using small = open({ maxWaiting: 2, maxWaitingInAll: 3 })
    const [one, two] = [limitedTo(1), limitedTo(1)]
    for (const limited of [one, two]) send(await small.acquire(limited, within()))
    const leave = new AbortController()
    const wait = (limited: Limited) =>
      small.acquire(limited, { ...within(), signal: leave.signal }).catch(() => {})
    const waiting = [wait(one), wait(one)]
    expect(await refusalOf(small.acquire(one, within()))).toMatchObject({
      code: 'limit-queue-full',
      retryAfter: 3600,
      limit: { waiting: 2 },
    })
    waiting.push(wait(two))
    expect((await refusalOf(small.acquire(two, within()))).code).toBe('limit-queue-full')
    leave.abort()
    await Promise.all(waiting)
  })

  test('is refused where too many of its organization wait, and those of others are not', async () => {
    await using small = open({ maxWaitingInAll: 10, maxWaitingOfOne: 2 })
    const [one, two] = [limitedTo(1), limitedTo(1)]
    const stranger = {
      ...limitedTo(1),
      organizationId: (await world.addOrganization()).organizationId,
    }
    for (const limited of [one, two, stranger]) send(await small.acquire(limited, within()))
    const leave = new AbortController()
    const wait = (limited: Limited) =>
      small.acquire(limited, { ...within(), signal: leave.signal }).catch(() => {})
    const waiting = [wait(one), wait(two)]
    for (const limited of [one, two, limitedTo(1)]) {
      expect((await refusalOf(small.acquire(limited, within()))).code).toBe('limit-queue-full')
    }
    waiting.push(wait(stranger))
    expect(small.waitingHere(stranger)).toBe(1)
    leave.abort()
    await Promise.all(waiting)
    expect(small.counts.waiting).toBe(0)
    send(await small.acquire(limitedTo(1), within()))
  })

  test('leaves when its client does, and those behind it move up', async () => {
    const limited = limitedTo(1)
    const held = await limiter.acquire(limited, within())
    const leave = new AbortController()
    const gone = limiter.acquire(limited, { ...within(), signal: leave.signal })
    const next = limiter.acquire(limited, within())
    leave.abort(new Error('gone'))
    await expect(gone).rejects.toThrow('gone')
    held.release()
    send(await next)
    const late = limiter.acquire(limited, {
      ...within(),
      signal: AbortSignal.abort(new Error('no')),
    })
    await expect(late).rejects.toThrow('no')
  })

  test('is refused when the process ends', async () => {
    const ending = open()
    const limited = limitedTo(1)
    send(await ending.acquire(limited, within()))
    const waits = refusalOf(ending.acquire(limited, within()))
    await ending[Symbol.asyncDispose]()
    expect(await waits).toMatchObject({ code: 'unavailable' })
    expect(await refusalOf(ending.acquire(limited, within()))).toMatchObject({
      code: 'unavailable',
    })
  })
})

test('a pause holds on all replicas, for calls that wait already as well', async () => {
  const limited = limitedTo(100, [], 1000)
  send(await other.acquire(limited, within()))
  await limiter.pause(limited, 60)
  for (const one of [limiter, other]) {
    expect(await refusalOf(one.acquire(limited, within(200)))).toMatchObject({
      code: 'limit-wait-over',
    })
  }
  expect((await other.state(limited)).budget!.pausedMs).toBeGreaterThan(50_000)
})

test('a budget of more calls is in force for those that wait', async () => {
  const limited = limitedTo(1)
  send(await limiter.acquire(limited, within()))
  const waits = limiter.acquire(limited, within())
  const budget = { ...limited.budget!, revision: 2, windows: [{ amount: 3, periodMs: hourMs }] }
  send(await limiter.acquire({ ...limited, budget }, within()))
  send(await waits)
})

describe('a pool', () => {
  /** Many calls through it from two replicas; the most at once. */
  const crowd = async (limited: Limited, limit: number) => {
    let inFlight = 0
    let most = 0
    const by = [0, 0]
    const call = async (at: number) => {
      const permit = await [limiter, other][at]!.acquire(limited, within())
      inFlight += 1
      most = Math.max(most, inFlight)
      send(permit)
      await delay(5)
      inFlight -= 1
      by[at]! += 1
      permit.release()
    }
    await Promise.all(Array.from({ length: 20 * limit }, (_, at) => call(at % 2)))
    return { most, by }
  }

  test.each([1, 3])(
    'lets %i be in flight, over all replicas, and serves each of them',
    async (limit) => {
      const { most, by } = await crowd(pooled(poolOf(limit)), limit)
      expect(most).toBe(limit)
      expect(by).toEqual([10 * limit, 10 * limit])
    },
  )

  test('and a budget grant together or not at all', async () => {
    const pool = poolOf(5)
    const spent = limitedTo(1, [pool])
    send(await limiter.acquire(spent, within()))
    const waits = refusalOf(limiter.acquire(spent, within(200)))
    // Who waits for a permit holds no place, ...
    const three = Array.from({ length: 4 }, () => other.acquire(pooled(pool), within()))
    const permits = await Promise.all(three)
    expect((await waits).code).toBe('limit-wait-over')
    // ... and who waits for a place has spent no permit.
    const full = limitedTo(1, [pool])
    expect((await refusalOf(limiter.acquire(full, within(200)))).code).toBe('limit-wait-over')
    expect((await limiter.state(full)).budget!.windows).toMatchObject([{ used: 0 }])
    for (const permit of permits) permit.release()
    send(await limiter.acquire(full, within()))
  })

  test('that is full keeps nobody back who does not need it', async () => {
    const pool = poolOf(1)
    const { budget, ...limited } = limitedTo(10)
    const held = await limiter.acquire({ ...limited, budget, share: 1, pools: [pool] }, within())
    const waits = limiter.acquire({ ...limited, budget, share: 1, pools: [pool] }, within())
    send(await limiter.acquire({ ...limited, budget, share: 2, pools: [] }, within()))
    held.release()
    send(await waits)
  })

  test('that becomes smaller drains', async () => {
    const pool = poolOf(3)
    const permits = await Promise.all([0, 1, 2].map(() => limiter.acquire(pooled(pool), within())))
    const smaller = pooled({ ...pool, revision: 2, limit: 1 })
    const waits = other.acquire(smaller, within())
    const started = waits.then(() => true)
    for (const permit of permits.slice(0, 2)) permit.release()
    expect(await Promise.race([started, delay(300, false)])).toBe(false)
    permits[2]!.release()
    send(await waits)
  })

  test('has its own bound for the wait, and for how long a call may hold', async () => {
    const pool = poolOf(1, { waitMs: 150, holdMs: 300 })
    const over: OverReason[] = []
    const onOver = (reason: OverReason) => over.push(reason)
    const permit = await limiter.acquire(pooled(pool), { ...within(), onOver })
    send(permit)
    expect((await refusalOf(limiter.acquire(pooled(pool), within()))).code).toBe('limit-wait-over')
    await until(() => over.length > 0)
    expect(over).toEqual(['held-too-long'])
    // It is only free when the call is over indeed.
    expect((await refusalOf(other.acquire(pooled(pool), within()))).code).toBe('limit-wait-over')
    permit.release()
    send(await other.acquire(pooled(pool), within()))
  })

  test('says who holds it, and who waits', async () => {
    const limited = pooled(poolOf(2))
    const permits = await Promise.all([0, 1].map(() => limiter.acquire(limited, within())))
    const waits = other.acquire(limited, within())
    const state = async () => (await limiter.state(limited)).pools[0]!
    await until(async () => (await state()).holders[0]?.calls === 2 && (await state()).waiting > 0)
    expect(await state()).toMatchObject({
      limit: 2,
      inUse: 2,
      waiting: 1,
      holders: [{ instanceId: limited.share, calls: 2 }],
    })
    for (const permit of permits) permit.release()
    const last = await waits
    last.release()
    await until(async () => (await state()).inUse === 0)
    expect(await state()).toMatchObject({ waiting: 0, holders: [] })
  })

  test('gets back the places of a process that does not live any more, whose calls end', async () => {
    const limited = pooled(poolOf(1))
    const over: OverReason[] = []
    const onOver = (reason: OverReason) => over.push(reason)
    await using dying = open()
    const permit = await dying.acquire(limited, { ...within(), onOver })
    send(permit)
    const rows = await world.context.db.pool.query(
      `select replica from limit_holders where organization_id = $1 and pool = $2`,
      [world.organizationId, limited.pools[0]!.name],
    )
    await world.context.db.pool.query('update limit_replicas set alive_until = 0 where id = $1', [
      rows.rows[0].replica,
    ])
    send(await limiter.acquire(limited, within()))
    await until(() => over.length > 0)
    expect(over).toEqual(['lease-over'])
    permit.release()
  })
})

describe('without the database', () => {
  /** The database behind something that can be cut. */
  const startLine = async () => {
    const sockets = new Set<Socket>()
    const { port, hostname } = new URL(world.databaseUrl)
    let cut = false
    const server: Server = createServer((socket) => {
      if (cut) return socket.destroy()
      const far = connect(Number(port), hostname)
      for (const one of [socket, far]) {
        sockets.add(one)
        one.on('error', () => {})
        one.on('close', () => {
          sockets.delete(one)
          socket.destroy()
          far.destroy()
        })
      }
      socket.pipe(far).pipe(socket)
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const url = new URL(world.databaseUrl)
    url.host = `127.0.0.1:${(server.address() as { port: number }).port}`
    return {
      url: url.href,
      set(is: boolean) {
        cut = is
        if (cut) for (const socket of sockets) socket.destroy()
      },
      [Symbol.asyncDispose]: async () => {
        for (const socket of sockets) socket.destroy()
        server.close()
      },
    }
  }

  test('calls wait, the patient ones until it is back, the others for their time', async () => {
    await using line = await startLine()
    await using cutOff = open({ url: line.url })
    const limited = limitedTo(3)
    send(await cutOff.acquire(limited, within()))
    line.set(true)
    const impatient = refusalOf(cutOff.acquire(limited, within(300)))
    const patient = cutOff.acquire(limited, within())
    expect(await impatient).toMatchObject({ code: 'limit-wait-over' })
    line.set(false)
    send(await patient)
    // Whether an answer was lost or not, there is never more than there was.
    expect((await limiter.state(limited)).budget!.windows[0]!.used).toBeLessThanOrEqual(3)
  })
})
