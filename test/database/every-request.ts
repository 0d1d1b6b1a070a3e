import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { openCertificate } from '../../src/certificates/open.ts'
import { everyTenantRequest } from '../access/every-request.ts'
import { everyCall } from '../calls/every-request.ts'
import { bodyOf } from '../certificates/fixtures.ts'
import { everyConnectRequest } from '../connect/every-request.ts'
import { everyChange, everyListRequest } from '../instances/every-request.ts'
import { everyAppRequest, everyConsentRequest } from '../oauth/every-request.ts'
import { call, helpDesk } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import type { TokenServer } from '../support/token-server.ts'
import type { World } from '../support/world.ts'
import { everyRefresh } from '../tokens/every-request.ts'
import { everyTransfer } from '../transfer/every-request.ts'
import { everyWebhookRequest } from '../webhooks/every-request.ts'

/** Each route with what it may do: first times, repetitions, refusals, strangers. */
export async function everyRequest(world: World, tokens: TokenServer) {
  // What an organization's first request reads is kept for its later ones.
  const fresh = { ...world, ...(await world.addOrganization()) }
  world.context.vault.forgetDataKeys()
  const good = helpDesk(world)
  const key = { 'idempotency-key': randomUUID() }
  const send = async (status: number, ...request: Parameters<typeof call>) => {
    const answer = await call(...request)
    expect(answer.status).toBe(status)
    return answer
  }
  const { body: instance } = await send(200, fresh, 'POST', '/instances', { body: good })
  await everyLimit(world)
  await everyLook(fresh, instance)
  const draft = { ...good, verify: false, externalId: 'customer-1' }
  await send(200, world, 'POST', '/elements/connectwisehd/instances', { body: draft })
  await send(200, world, 'POST', '/instances', { body: good, headers: key })
  await send(200, world, 'POST', '/instances', { body: good, headers: key })
  await send(422, world, 'POST', '/instances', { body: draft, headers: key })
  const wrong = helpDesk(world, { 'helpdesk.connectwise.password': 'wrong' })
  const otherKey = { 'idempotency-key': randomUUID() }
  await send(400, world, 'POST', '/instances', { body: wrong, headers: otherKey })
  await send(400, world, 'POST', '/instances', { body: '{' })
  await send(200, fresh, 'GET', `/instances/${instance.id}`)
  await send(404, world, 'GET', `/instances/${instance.id}`)
  await everyListRequest(world)
  await everyCall(world)
  const [user] = fresh.authorization.split(', ')
  const [, organization] = world.authorization.split(', ')
  const mixed = `${user}, ${organization}`
  await send(401, world, 'GET', `/instances/${instance.id}`, { authorization: mixed })
  await send(401, world, 'GET', `/instances/${instance.id}`, { authorization: null })
  await send(200, world, 'GET', '/ready')

  await everyTenantRequest(world)

  const shared = bodyOf('default.p12', { shared: true })
  const { body: certificate } = await send(200, world, 'POST', '/certificates', { body: shared })
  const path = `/certificates/${certificate.id}`
  await send(200, world, 'GET', '/certificates')
  const { authorization } = await addColleague(world)
  const everyFilter =
    'instanceId=1&userId=1&action=a&requestId=r&from=2020-01-01&to=2030-01-01&pageSize=1'
  for (const query of ['', `?${everyFilter}`]) {
    await send(200, world, 'GET', `/audit${query}`)
    await send(200, world, 'GET', `/audit${query}`, { authorization })
  }
  await send(200, world, 'PUT', '/organization/retention', { body: { auditEntries: 90 } })
  await send(200, world, 'GET', '/organization/retention')
  await send(200, world, 'GET', '/certificates?pageSize=1', { authorization })
  await send(404, fresh, 'GET', path)
  await send(200, world, 'PUT', path, { body: { ...shared, shared: false } })
  const { organizationId } = world
  const asked = { organizationId, userId: world.userId, certificateId: certificate.id }
  await openCertificate(world.context, { ...asked, destination: shared.origins[0]! })
  await send(200, world, 'DELETE', path)

  await everyAppRequest(world, fresh, authorization)
  await everyConsentRequest(world)
  await everyConnectRequest(
    world,
    { id: 9902, key: 'consents' },
    { elementId: 117, authentication: 'soap', configuration: good.configuration },
  )
  await everyRefresh(world, tokens)
  await everyChange(world, tokens)
  await everyWebhookRequest(world, tokens)
  await everyTransfer(world, instance.id, fresh)

  const { body: copied } = await send(200, world, 'GET', '/elements/connectwisehd/export')
  const body = { ...copied, key: 'copied' }
  await send(200, world, 'POST', '/elements', { body })
  await send(409, world, 'POST', '/elements', { body })
  const { configuration } = good
  await send(200, world, 'POST', '/elements/copied/test', { body: { configuration } })
  await send(200, world, 'POST', '/elements/copied/instances', { body: { ...good, element: {} } })
  const changed = { ...body, description: 'Changed.' }
  await send(200, world, 'PUT', '/elements/copied', { body: changed })
  await send(409, world, 'PUT', '/elements/copied', { body: { ...changed, key: 'renamed' } })
  await send(200, world, 'GET', '/elements?installed=true')
  await send(200, world, 'GET', '/elements/copied/update')
  await send(200, world, 'PUT', '/elements/copied/update')
  await send(200, world, 'DELETE', '/elements/copied/active')
  await send(409, world, 'DELETE', '/elements/copied/installed')
  await send(409, world, 'DELETE', '/elements/copied')
  await send(200, world, 'POST', '/elements/copied/clone', { body: { key: 'again' } })
  await send(200, world, 'PUT', '/elements/again/installed')
  await send(200, world, 'DELETE', '/elements/again/installed')
  await send(200, world, 'DELETE', '/elements/again')
}

/** A budget and a pool: asked for and looked at. */
async function everyLook(world: World, { id, token }: { id: number; token: string }) {
  const log = `/instances/${id}/call-log`
  await call(world, 'PUT', log, { body: { minutes: 5 } })
  await call(world, 'GET', '/proxy/things', {
    authorization: `${world.authorization}, Element ${token}`,
  })
  await world.context.callLog.flush()
  expect((await call(world, 'GET', log)).body).toHaveLength(1)
  expect((await call(world, 'DELETE', log)).status).toBe(200)
  expect((await call(world, 'GET', `/instances/${id}/limits`)).status).toBe(200)
}

async function everyLimit({ context, organizationId }: World) {
  const budget = { name: 'instance/1', revision: 1, windows: [{ amount: 1, periodMs: 1000 }] }
  const pools = [{ name: 'pool/1', revision: 1, limit: 1 }]
  const limited = { organizationId, share: 1, budget, pools }
  const permit = await context.limiter.acquire(limited, { deadline: performance.now() + 10_000 })
  await context.limiter.pause(limited, 1)
  await context.limiter.state(limited)
  permit.release()
}
