import { expect } from 'vitest'
import { refreshAhead } from '../../src/tokens/job.ts'
import type { TokenServer } from '../support/token-server.ts'
import type { World } from '../support/world.ts'
import { connect, endIn, get, lifeOf, outwait } from './instances.ts'

/** Tokens: refreshed by a caller and by a job, refused for a while, and for good. */
export async function everyRefresh(world: World, tokens: TokenServer) {
  const key = await connect(world, tokens)
  await endIn(world, key, -1)
  await get(world, key, tokens)
  await refreshAhead(world.context, { ...key, version: 2 })
  tokens.next = [() => ({ status: 500 })]
  await refreshAhead(world.context, { ...key, version: 3 })
  await outwait(world, key)
  tokens.usable.clear()
  await refreshAhead(world.context, { ...key, version: 3 })
  expect(await lifeOf(world, key)).toMatchObject({ version: 3, problem: 'reconnect-required' })
}
