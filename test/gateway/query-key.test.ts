import { afterAll, beforeAll, expect, test } from 'vitest'
import { startWorld, type World } from '../support/world.ts'
import { instanceOf, through } from './through.ts'
import { elementWith } from './types-elements.ts'
import { type GatewayVendor, startGatewayVendor } from './types-vendor.ts'

const key = 'the-key-of-the-instance-5d2'
const asking: object & { name: string } = {
  ...{ type: 'apiKey', in: 'query', parameter: 'api_key', value: '{secret}' },
  name: 'Keyed',
}

let world: World
let vendor: GatewayVendor
let instance: { authorization: string }
beforeAll(async () => {
  vendor = await startGatewayVendor()
  world = await startWorld({ definitions: [elementWith(9671, asking)], allow: ['127.0.0.1'] })
  vendor.answer = () => ({ body: 'ok' })
  const configuration = { server: vendor.url, user: 'someone', secret: key }
  instance = await instanceOf(world, 'keyed', configuration)
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

test.each([
  ['?api_key=theirs', ''],
  ['?api_key', ''],
  ['?a=1&api_key=theirs&b=%2F', 'a=1&b=%2F&'],
  ['?api%5Fkey=theirs&a=1', 'a=1&'],
  ['?API_KEY=theirs&a=1&api_key=again', 'a=1&'],
  ['?a=api_key&my_api_key=1', 'a=api_key&my_api_key=1&'],
  ['?a=%zz&&b', 'a=%zz&&b&'],
])('a key of the caller’s own never goes beside the instance’s: %s', async (query, kept) => {
  vendor.received.splice(0)
  const { status } = await through(world, instance, 'GET', `/x${query}`)
  expect(status).toBe(200)
  expect(vendor.received.map(({ target }) => target)).toEqual([`/x?${kept}api_key=${key}`])
})
