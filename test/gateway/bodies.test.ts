import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'
import { sendRaw } from './scene.ts'
import { instanceOf, through } from './through.ts'
import { definitions } from './types-elements.ts'
import { type GatewayVendor, startGatewayVendor } from './types-vendor.ts'

const mebibyte = 1024 * 1024
const secret = 'an-unguessable-password-52fe'

let world: World
/** One that has little patience with clients. */
let strict: World
let vendor: GatewayVendor
beforeAll(async () => {
  vendor = await startGatewayVendor()
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
  const { databaseUrl, keys } = world
  const egress = { idleMs: 600 }
  strict = await startWorld({ definitions, allow: ['127.0.0.1'], databaseUrl, keys, egress })
})
beforeEach(() => {
  vendor.answer = ({ body }) => ({ body: String(body.length) })
})
afterAll(async () => {
  await strict[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

/** An instance whose calls are signed over their bodies. */
const connect = (as: Partial<World> = {}) =>
  instanceOf({ ...world, ...as } as World, 'hmac', { server: vendor.url, user: 'someone', secret })
const taken = () => world.context.bodyRoom.taken

test('bodies that are held take at most 64 MiB of an organization, and leave room for others', async () => {
  const instance = await connect()
  const others = await connect(await world.addOrganization())
  const size = 8 * mebibyte
  const sending = Array.from({ length: 8 }, () => {
    const body = new PassThrough()
    body.write(Buffer.alloc(size - 1))
    const headers = { 'content-length': String(size) }
    return { body, answered: through(world, instance, 'POST', '/long', { headers, body }) }
  })
  await until(() => taken() === 8 * (size - 1))
  const body = Buffer.alloc(mebibyte)
  const refused = await through(world, instance, 'POST', '/more', { body })
  expect(refused).toMatchObject({ status: 429, code: 'bodies-busy' })
  expect(refused.headers['retry-after']).toBe('1')
  expect((await through(world, others, 'POST', '/others', { body })).text).toBe(String(mebibyte))
  expect((await through(world, instance, 'POST', '/small', { body: '12345' })).text).toBe('5')
  for (const { body } of sending) body.end('x')
  for (const { answered } of sending) {
    expect(await answered).toMatchObject({ status: 200, text: String(size) })
  }
  expect((await through(world, instance, 'POST', '/again', { body })).status).toBe(200)
  expect(taken()).toBe(0)
})

test('what a call held is given back however it ends', async () => {
  const instance = await connect()
  const call = (body: string | Buffer | PassThrough, signal?: AbortSignal) =>
    through(world, instance, 'POST', '/x', { body, ...(signal && { signal }) })
  const gone = new AbortController()
  const half = new PassThrough()
  half.write(Buffer.alloc(mebibyte))
  const leaving = call(half, gone.signal).catch((error) => error)
  await until(() => taken() === mebibyte)
  gone.abort()
  expect(await leaving).toBeInstanceOf(Error)
  await until(() => taken() === 0)

  const endless = new PassThrough()
  endless.on('error', () => {})
  endless.write(Buffer.alloc(9 * mebibyte))
  expect(await call(endless)).toMatchObject({ status: 413, code: 'body-too-large-to-sign' })
  endless.destroy()
  expect(taken()).toBe(0)

  vendor.answer = () => ({ status: 503 })
  expect((await call(Buffer.alloc(mebibyte))).status).toBe(503)
  expect(taken()).toBe(0)

  let hangs = false
  vendor.answer = () => {
    hangs = true
    return new Promise(() => {})
  }
  const impatient = new AbortController()
  const waiting = call(Buffer.alloc(mebibyte), impatient.signal).catch((error) => error)
  await until(() => hangs)
  expect(taken()).toBe(mebibyte)
  impatient.abort()
  await waiting
  await until(() => taken() === 0)
})

test('a client that drips its body has so long for all of it, and no longer', async () => {
  const { authorization } = await connect()
  const head = `POST /proxy/x HTTP/1.1\r\nhost: a\r\nauthorization: ${authorization}\r\ncontent-length: 100000\r\n\r\n`
  const seen = vendor.received.length
  const { text } = await sendRaw(strict, head, (socket) => {
    const drip = setInterval(() => socket.write('x'), 100)
    socket.on('close', () => clearInterval(drip))
  })
  expect(text).toMatch(/^HTTP\/1\.1 408 /)
  expect(text).toMatch(/elements-error: request-late/i)
  expect(vendor.received).toHaveLength(seen)
  expect(strict.context.bodyRoom.taken).toBe(0)
})
