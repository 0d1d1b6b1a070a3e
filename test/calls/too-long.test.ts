import { afterAll, beforeAll, expect, test } from 'vitest'
import { sendWaiting } from '../../src/calls/send.ts'
import { password } from '../gateway/scene.ts'
import { instanceOf } from '../gateway/through.ts'
import { until } from '../support/until.ts'
import { startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { definitions } from './elements.ts'
import { later, look } from './scene.ts'

/** It takes calls, and tries those alone that it is told to. */
let world: World
let vendor: WebServer
const hung = Promise.withResolvers<void>()
beforeAll(async () => {
  vendor = await startWebServer(async () => {
    await hung.promise
    return {}
  })
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
})
afterAll(async () => {
  hung.resolve()
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const countOf = (path: string) => vendor.received.filter((one) => one.path === path).length

/** A call that the vendor has got, and does not answer before its sender is stopped. */
async function cutOff(method: string, path: string, endsToo: boolean) {
  const configuration = { server: vendor.url, user: 'someone', secret: password }
  const instance = await instanceOf(world, 'plain', configuration)
  const { kept } = await later(world, instance, method, path)
  const job = { organizationId: world.organizationId, instanceId: instance.id }
  const ending = new AbortController()
  const stopping = new AbortController()
  const sending = sendWaiting(world.context, job, stopping.signal, ending.signal)
  await until(() => countOf(path) === 1)
  if (endsToo) ending.abort()
  stopping.abort()
  await sending
  return look(world, kept.id)
}

test('what the vendor takes too long for is not sent again where twice would do harm', async () => {
  const seen = await cutOff('POST', '/slow', false)
  expect([seen.state, seen.error?.code]).toEqual(['failed', 'vendor-late'])
  expect(seen.error.message).toContain('may have got the call all the same')
  expect(countOf('/slow')).toBe(1)
})

test('what does no harm is sent again after a while', async () => {
  const seen = await cutOff('GET', '/safe', false)
  expect([seen.state, seen.attempts]).toEqual(['waiting', 1])
  expect(seen.notBefore > seen.createdAt).toBe(true)
  expect(countOf('/safe')).toBe(1)
})

test('what is cut off since the process ends is sent by another', async () => {
  const seen = await cutOff('POST', '/ended', true)
  expect([seen.state, seen.attempts]).toEqual(['waiting', 1])
})
