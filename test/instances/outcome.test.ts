import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { call, countStored, helpDesk } from '../support/client.ts'
import { createTestDatabase } from '../support/database.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
let armed = false
const resources = new AsyncDisposableStack()

/** Forwards to PostgreSQL; once armed, it lets an insert through and drops the answer. */
async function startForgetfulProxy(databaseUrl: string): Promise<string> {
  const target = new URL(databaseUrl)
  const port = Number(target.port)
  const server = createServer((client) => {
    const upstream = connect(port, target.hostname)
    let cut = false
    client.on('data', (bytes) => {
      if (armed && /insert-(claimed-)?instance/.test(bytes.toString('latin1'))) cut = true
      upstream.write(bytes)
    })
    upstream.on('data', (bytes) => (cut ? client.destroy() : client.write(bytes)))
    client.on('close', () => upstream.destroy())
    for (const socket of [client, upstream]) socket.on('error', () => {})
    upstream.on('close', () => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  resources.defer(() => void server.close())
  target.port = String((server.address() as AddressInfo).port)
  return target.href
}

beforeAll(async () => {
  const database = resources.use(await createTestDatabase())
  world = resources.use(await startWorld({ databaseUrl: await startForgetfulProxy(database.url) }))
})
afterAll(() => resources.disposeAsync())
beforeEach(() => {
  armed = false
})

test('an instance whose insert was not acknowledged is not called unstored', async () => {
  await call(world, 'POST', '/instances', { body: helpDesk(world) })
  armed = true
  const { status, body, headers } = await call(world, 'POST', '/instances', {
    body: helpDesk(world),
  })
  armed = false
  expect([status, body.code]).toEqual([503, 'outcome-unknown'])
  expect(body.message).toMatch(/may have been stored/)
  expect(headers['retry-after']).toBe('5')
})

test('with a key, the retry after a lost commit answers what was committed', async () => {
  const headers = { 'idempotency-key': 'lost-answer' }
  const post = () => call(world, 'POST', '/instances', { body: helpDesk(world), headers })
  const before = await countStored(world)
  armed = true
  const lost = await post()
  armed = false
  expect(lost.body.code).toBe('outcome-unknown')
  const answer = await post()
  expect(answer.status).toBe(200)
  const after = await countStored(world)
  expect(Number(after.instances) - Number(before.instances)).toBe(1)
  expect((await post()).text).toBe(answer.text)
})
