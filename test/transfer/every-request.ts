import { expect } from 'vitest'
import { call } from '../support/client.ts'
import type { World } from '../support/world.ts'
import { allowKey } from './worlds.ts'

/** An instance that leaves, and comes to another organization: twice, and for a key that is gone. */
export async function everyTransfer(
  world: World,
  id: number,
  from: Pick<World, 'url' | 'authorization'>,
) {
  const { body: key } = await call(world, 'POST', '/imports/keys', { body: {} })
  expect((await call(world, 'GET', '/imports/keys')).body).toHaveLength(1)
  const { publicKey } = key
  expect((await allowKey(from, publicKey)).status).toBe(200)
  for (const choice of [{ ids: [id] }, { externalIds: ['none'] }, { tags: ['none'] }]) {
    const { status } = await call(from, 'POST', '/instances/export', {
      body: { publicKey, ...choice },
    })
    expect(status).toBe(200)
  }
  const exported = { publicKey, ids: [id], tokens: 'move' }
  const { text: body } = await call(from, 'POST', '/instances/export', { body: exported })
  const headers = { 'content-type': 'application/x-ndjson' }
  const { manifest, ...rest } = JSON.parse(body)
  const altered = JSON.stringify({ ...rest, manifest: { ...manifest, name: 'Altered' } })
  for (const line of [altered, body, body]) {
    expect((await call(world, 'POST', '/imports', { body: line, headers })).status).toBe(200)
  }
  expect((await call(world, 'DELETE', `/imports/keys/${key.id}`)).status).toBe(200)
  expect((await call(world, 'POST', '/imports', { body, headers })).status).toBe(200)
}
