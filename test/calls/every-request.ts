import { expect } from 'vitest'
import { sendWaiting } from '../../src/calls/send.ts'
import { call, helpDesk } from '../support/client.ts'
import type { World } from '../support/world.ts'

/** Calls that are sent later: kept, sent, looked at, listed, cancelled. */
export async function everyCall(world: World) {
  const send = async (status: number, ...request: Parameters<typeof call>) => {
    const answer = await call(...request)
    expect([request[2], answer.status]).toEqual([request[2], status])
    return answer
  }
  const made = await send(200, world, 'POST', '/instances', { body: helpDesk(world) })
  const { id: instanceId, token } = made.body
  const authorization = `${world.authorization}, Element ${token}`
  const keep = async () => {
    const headers = { prefer: 'respond-async' }
    return (await send(202, world, 'GET', '/proxy/things', { authorization, headers })).body
  }
  const sent = await keep()
  const { organizationId } = world
  const job = { organizationId, instanceId }
  await sendWaiting(world.context, job, new AbortController().signal)
  await send(200, world, 'GET', `/calls/${sent.id}`)
  const waiting = await keep()
  await send(200, world, 'GET', `/calls/${waiting.id}`)
  const { headers } = await send(200, world, 'GET', '/calls?pageSize=1')
  const next = headers['elements-next-page-token']
  await send(200, world, 'GET', `/calls?instanceId=${instanceId}&state=done&nextPage=${next}`)
  await send(200, world, 'DELETE', `/calls/${waiting.id}`)
  await send(409, world, 'DELETE', `/calls/${waiting.id}`)
  await send(200, world, 'DELETE', `/instances/${instanceId}`)
}
