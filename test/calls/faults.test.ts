import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { password } from '../gateway/scene.ts'
import { instanceOf } from '../gateway/through.ts'
import { call } from '../support/client.ts'
import { until } from '../support/until.ts'
import { type Received, type Reply, startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { subscribe } from '../webhooks/scene.ts'
import { definitions } from './elements.ts'
import { later, look, whenIn } from './scene.ts'

let world: World
let vendor: WebServer
let answer: (request: Received) => Reply | Promise<Reply>

beforeAll(async () => {
  vendor = await startWebServer((request) => answer(request))
  world = await startWorld({ jobs: true, definitions, allow: ['127.0.0.1'] })
})
beforeEach(() => {
  answer = () => ({ status: 200, body: {} })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const connect = (settings: object = {}) =>
  instanceOf(world, 'plain', { server: vendor.url, user: 'someone', secret: password }, settings)
const received = (path: string) => vendor.received.filter((one) => one.path === path)

test('calls without a limit are sent several at once, to the last', async () => {
  const instance = await connect()
  let inFlight = 0
  const seen: number[] = []
  answer = async () => {
    inFlight += 1
    seen.push(inFlight)
    await new Promise((resolve) => setTimeout(resolve, 50))
    inFlight -= 1
    return {}
  }
  const kept: number[] = []
  for (let count = 0; count < 60; count++) {
    kept.push((await later(world, instance, 'POST', `/several/${count}`)).kept.id)
  }
  for (const id of kept) await whenIn(world, id, 'done')
  expect(seen).toHaveLength(60)
  expect(Math.max(...seen)).toBeLessThanOrEqual(8)
  expect(Math.max(...seen.slice(-20))).toBeGreaterThan(2)
})

describe('a database that', () => {
  test('takes no ends for a while has nothing sent twice, and ends no process', async () => {
    const { pool } = world.context.db
    await pool.query(`
      create function refuse_end() returns trigger language plpgsql as
        $$ begin raise exception 'no ends now'; end $$;
      create trigger no_ends before update on calls for each row
        when (new.state in ('done', 'failed')) execute function refuse_end()`)
    const instance = await connect()
    const paths = Array.from({ length: 12 }, (_, index) => `/unended/${index}`)
    const kept: number[] = []
    for (const path of paths) {
      kept.push((await later(world, instance, 'POST', path, { body: 'x' })).kept.id)
    }
    await until(() => received(paths[0]!).length > 0)
    await until(() => world.log.filter((line) => line.includes('could not be written')).length > 2)
    expect((await look(world, kept[0]!)).state).toBe('sending')
    await pool.query('drop trigger no_ends on calls')
    for (const id of kept) await whenIn(world, id, 'done')
    for (const path of paths) expect([path, received(path).length]).toEqual([path, 1])
  })

  test('is asked to delete an instance whose call ends just then does both', async () => {
    const hook = await subscribe(world, `${vendor.url}/hook`, { events: ['call.done'] })
    const freed = Promise.withResolvers<void>()
    answer = async ({ path }) => {
      if (path === '/ending') await freed.promise
      return {}
    }
    const instance = await connect()
    const { kept } = await later(world, instance, 'POST', '/ending', { body: 'x' })
    await until(() => received('/ending').length > 0)
    const client = new pg.Client({ connectionString: world.databaseUrl })
    await client.connect()
    try {
      // What a deletion does first, and what it does then.
      await client.query('begin')
      await client.query('select from instances where id = $1 for update', [instance.id])
      freed.resolve()
      await until(async () => {
        const { rows } = await world.context.db.pool.query(
          `select from pg_stat_activity where datname = current_database()
             and wait_event_type = 'Lock' and query like '%instances%'`,
        )
        return rows.length > 0
      })
      await client.query(
        `update calls set state = 'cancelled', leased_until = null, finished_at = now(),
           expires_at = now() + interval '24 hours' where instance_id = $1`,
        [instance.id],
      )
      await client.query('commit')
    } finally {
      await client.end()
    }
    expect((await look(world, kept.id)).state).toBe('cancelled')
    await call(world, 'DELETE', hook.path)
  })
})
