import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
let listening: pg.Client
let asked: string[] = []
beforeAll(async () => {
  world = await startWorld({ maxConnections: 10 })
  await until(() => world.context.listener.isCurrent())
  listening = new pg.Client({ connectionString: world.databaseUrl })
  await listening.connect()
  listening.on('notification', ({ payload = '' }) => asked.push(payload))
  await listening.query('listen latchkey_fence')
  await listening.query('listen end_of_work')
})
afterAll(async () => {
  await listening.end()
  await world[Symbol.asyncDispose]()
})
beforeEach(() => {
  asked = []
})

/** How often all processes were asked whether they had heard, while `work` ran. */
async function questionsOf(work: () => Promise<unknown>): Promise<number> {
  asked = []
  await work()
  await world.context.db.pool.query("select pg_notify('end_of_work', 'end')")
  await until(() => asked.includes('end'))
  return asked.length - 1
}

describe('who waits until a change is in force everywhere', () => {
  test('asks once for all who wait at that moment', async () => {
    const pass = () => world.context.listener.passFence()
    expect(await questionsOf(() => Promise.all(Array.from({ length: 500 }, pass)))).toBe(1)
  })

  test('asks once for all who come while a process does not answer', async () => {
    const { pool } = world.context.db
    await pool.query('insert into replicas (id) values ($1)', [randomUUID()])
    const pass = () => world.context.listener.passFence()
    const passing: Promise<void>[] = []
    const come = async () => {
      for (let at = 0; at < 100; at += 1) {
        passing.push(pass())
        // Each comes in a moment of its own.
        await delay(1)
      }
      await Promise.all(passing)
    }
    expect(await questionsOf(come)).toBeLessThan(34)
  })

  test('is nobody who signs in: no process remembers that a token is not there', async () => {
    const signIn = () => call(world, 'POST', '/authentication', { body: {} })
    expect(await questionsOf(signIn)).toBe(0)
    const { body } = await signIn()
    const authorization = `Bearer ${body.token}`
    expect((await call(world, 'GET', '/authentication', { authorization })).status).toBe(200)
    const out = () => call(world, 'DELETE', '/authentication', { authorization })
    expect(await questionsOf(out)).toBe(1)
    expect((await call(world, 'GET', '/authentication', { authorization })).status).toBe(401)
  })
})
