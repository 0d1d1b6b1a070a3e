import { expect } from 'vitest'
import { deliverWaiting } from '../../src/webhooks/deliver.ts'
import { call, helpDesk } from '../support/client.ts'
import type { TokenServer } from '../support/token-server.ts'
import type { World } from '../support/world.ts'

/** Webhooks: told of an instance by hand and in the background, in vain and at last. */
export async function everyWebhookRequest(world: World, tokens: TokenServer) {
  const send = async (...request: [Parameters<typeof call>[1], string, object?]) => {
    const [method, path, body] = request
    const answer = await call(world, method, path, { body })
    expect([method, path, answer.status]).toEqual([method, path, 200])
    return answer.body
  }
  const url = `${tokens.url}/token`
  const { id, ...hook } = await send('POST', '/webhooks', { url, events: ['*'] })
  const path = `/webhooks/${id}`
  await send('GET', '/webhooks')
  await send('PUT', path, hook)
  await send('PATCH', path, { active: true })
  await send('POST', `${path}/secret`)
  await send('POST', `${path}/test`)
  await send('POST', '/instances', helpDesk(world))
  const { organizationId } = world
  const set = (table: string, change: string) =>
    world.context.db.pool.query(
      `update ${table} set ${change} where organization_id = $1 and webhook_id = $2`,
      [organizationId, id],
    )
  const deliver = async () => {
    await set('webhook_lanes', 'next_at = now()')
    const { signal } = new AbortController()
    await deliverWaiting(world.context, { organizationId, webhookId: id }, signal)
  }
  tokens.next = [() => ({ status: 500 }), () => ({ status: 200 })]
  await deliver()
  const [{ instanceId }] = await send('GET', `${path}/deliveries`)
  const filters = `state=waiting&instanceId=${instanceId}`
  const [delivery] = await send('GET', `${path}/deliveries?${filters}`)
  expect(delivery.attempts).toMatchObject([{ status: 500 }])
  await send('POST', `${path}/redeliver`)
  await send('POST', `${path}/deliveries/${delivery.id}/redeliver`)
  await deliver()
  expect((await send('GET', `${path}/deliveries/${delivery.id}`)).state).toBe('delivered')
  await set('webhook_deliveries', "state = 'dead'")
  await send('POST', `${path}/redeliver`)
  await set('webhook_deliveries', "state = 'delivered'")
  await deliver()
  await send('DELETE', path)
}
