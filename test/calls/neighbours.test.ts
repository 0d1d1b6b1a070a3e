import { afterAll, beforeAll, expect, test } from 'vitest'
import { password } from '../gateway/scene.ts'
import { instanceOf, through } from '../gateway/through.ts'
import { until } from '../support/until.ts'
import { type Received, type Reply, startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { definitions } from './elements.ts'
import { later, look, whenIn } from './scene.ts'

let world: World
let vendor: WebServer
let answer: (request: Received) => Reply | Promise<Reply>

beforeAll(async () => {
  vendor = await startWebServer((request) => answer(request))
  world = await startWorld({ jobs: true, definitions, allow: ['127.0.0.1'] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const connect = (settings: object = {}, to: World = world) =>
  instanceOf(to, 'plain', { server: vendor.url, user: 'someone', secret: password }, settings)
const countOf = (path: string) => vendor.received.filter((one) => one.path === path).length

test('an organization whose vendors hang does not hold up the calls of another', async () => {
  const freed = Promise.withResolvers<void>()
  answer = async ({ path }) => {
    if (path === '/hangs') await freed.promise
    return {}
  }
  const hanging: number[] = []
  for (let count = 0; count < 40; count++) {
    hanging.push((await later(world, await connect(), 'POST', '/hangs')).kept.id)
  }
  await until(() => countOf('/hangs') > 3)
  const other: World = { ...world, ...(await world.addOrganization()) }
  const { kept } = await later(other, await connect({}, other), 'POST', '/other')
  await whenIn(other, kept.id, 'done')
  const states = await Promise.all(hanging.map(async (id) => (await look(world, id)).state))
  expect(states).not.toContain('done')
  freed.resolve()
  for (const id of hanging) await whenIn(world, id, 'done')
  expect(countOf('/hangs')).toBe(40)
})

test('what waits and what is called now both get their share of a limit', async () => {
  answer = () => ({})
  const instance = await connect({ rateLimits: [{ amount: 4, unit: 'second' }] })
  const over = new AbortController()
  const refused: number[] = []
  let live = 0
  const callers = Array.from({ length: 12 }, async () => {
    while (!over.signal.aborted) {
      const { status } = await through(world, instance, 'GET', '/live')
      if (status === 200) live += 1
      else if (!over.signal.aborted) refused.push(status)
    }
  })
  await until(() => live > 4)
  const { kept } = await later(world, instance, 'POST', '/waited')
  const before = live
  try {
    await whenIn(world, kept.id, 'done')
  } finally {
    over.abort()
    await Promise.all(callers)
  }
  expect(live - before).toBeGreaterThan(4)
  expect(refused).toEqual([])
})
