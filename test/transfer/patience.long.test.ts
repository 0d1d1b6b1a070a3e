import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startWorld } from '../support/world.ts'
import { gatedElement, openBulk, startVendor } from './scene.ts'

/** The server ends other requests after a minute, and looks for late ones every half a minute. */
const longMs = 95_000

test('lines may come for longer than any other request may take', async () => {
  await using world = await startWorld({ definitions: [gatedElement], allow: ['127.0.0.1'] })
  await using vendor = await startVendor()
  const bulk = openBulk(world)
  const end = Date.now() + longMs
  while (Date.now() < end) {
    bulk.write('')
    await delay(5_000)
  }
  const configuration = { secret: 'right', url: vendor.url }
  bulk.write({ name: 'Last', element: { key: 'gated' }, configuration })
  bulk.request.end()
  expect(await bulk.next()).toMatchObject({ status: 200, instance: { name: 'Last' } })
  expect(await bulk.next()).toBeUndefined()
})
