import { call } from '../support/client.ts'
import { startTokenServer } from '../support/token-server.ts'
import { startWorld } from '../support/world.ts'
import { type Connected, definitions } from './instances.ts'

/** A service, and a vendor whose tokens are renewed. */
export async function openRenewing() {
  const vendor = await startTokenServer()
  const world = await startWorld({ definitions, allow: ['127.0.0.1'], probeDeadlineMs: 2_000 })
  const show = async ({ instanceId }: Connected) =>
    (await call(world, 'GET', `/instances/${instanceId}`)).body
  return { vendor, world, show }
}
