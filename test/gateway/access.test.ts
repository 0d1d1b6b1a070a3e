import { afterAll, beforeAll, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { connect, definitions } from './scene.ts'

const publicUrl = 'https://latchkey.example.com'
let world: World
let vendor: WebServer
let mine: { id: number; token: string; authorization: string }

beforeAll(async () => {
  vendor = await startWebServer(({ path }) => ({
    status: 201,
    headers: { location: `${path}/1` },
    body: 'made',
  }))
  const env = { LATCHKEY_PUBLIC_URL: publicUrl }
  world = await startWorld({ definitions, allow: ['127.0.0.1'], env })
  mine = await connect(world, vendor.url)
  vendor.received.splice(0)
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const through = (authorization: string | null) =>
  call(world, 'POST', '/proxy/things', { authorization, body: '{}' })
const part = (authorization: string, at: number) => authorization.split(', ')[at]!

test('User and Element open the gateway, with or without Organization', async () => {
  expect(await through(mine.authorization)).toMatchObject({ status: 201, text: 'made' })
  const without = `${part(world.authorization, 0)}, Element ${mine.token}`
  expect(await through(without)).toMatchObject({ status: 201, text: 'made' })
  vendor.received.splice(0)
})

test('nothing less does, and the vendor sees nothing of it', async () => {
  const colleague = await addColleague(world)
  const stranger = await world.addOrganization()
  const element = `Element ${mine.token}`
  const refused = [
    null,
    '',
    world.authorization,
    element,
    `Bearer ${mine.token}`,
    `${part(world.authorization, 1)}, ${element}`,
    `${part(colleague.authorization, 0)}, ${element}`,
    `${colleague.authorization}, ${element}`,
    `${stranger.authorization}, ${element}`,
    `${mine.authorization}x`,
  ]
  for (const authorization of refused) {
    const { status, headers } = await through(authorization)
    expect([authorization, status]).toEqual([authorization, 401])
    expect(headers).toHaveProperty('elements-error')
    expect(headers).toHaveProperty('www-authenticate')
  }
  expect(vendor.received).toEqual([])
})

test('a disabled instance is not called through', async () => {
  const other = await connect(world, vendor.url)
  vendor.received.splice(0)
  await call(world, 'DELETE', `/instances/${other.id}/enabled`)
  expect(await through(other.authorization)).toMatchObject({
    status: 403,
    body: { code: 'instance-disabled' },
  })
  expect(vendor.received).toEqual([])
})

test('links begin with the public URL, where there is one', async () => {
  const { headers } = await through(mine.authorization)
  expect(headers.location).toBe(`${publicUrl}/proxy/things/1`)
})

test('an origin that the policy forbids is not called', async () => {
  const other = await connect(world, 'https://169.254.169.254')
  expect(await through(other.authorization)).toMatchObject({
    status: 400,
    body: { code: 'destination-forbidden' },
  })
})
