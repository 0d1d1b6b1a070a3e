import { afterAll, beforeAll, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { basic, connect, definitions } from './scene.ts'

let world: World
let vendor: WebServer

beforeAll(async () => {
  vendor = await startWebServer(({ path }) =>
    path === '/gone'
      ? { status: 410, body: 'gone' }
      : { headers: { etag: '"7"' }, body: { ok: true } },
  )
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

test('a call reaches the vendor with the credentials of the instance', async () => {
  const { authorization, id } = await connect(world, vendor.url)
  vendor.received.splice(0)
  const { status, headers, body } = await call(world, 'GET', '/proxy/things?a=b%20c', {
    authorization,
  })
  expect(status).toBe(200)
  expect(body).toEqual({ ok: true })
  expect(headers).toMatchObject({ etag: '"7"', 'elements-element-instance-id': String(id) })
  expect(vendor.received).toMatchObject([{ method: 'GET', path: '/things?a=b%20c', body: '' }])
  expect(vendor.received[0]!.headers.authorization).toBe(basic)
})

test('a body goes on as it comes', async () => {
  const { authorization } = await connect(world, vendor.url)
  vendor.received.splice(0)
  const headers = { 'content-type': 'application/x-own' }
  const answer = await call(world, 'POST', '/hubs/crm/gone', {
    authorization,
    headers,
    body: 'text',
  })
  expect([answer.status, answer.text]).toEqual([410, 'gone'])
  expect(vendor.received).toMatchObject([{ method: 'POST', path: '/gone', body: 'text' }])
})
