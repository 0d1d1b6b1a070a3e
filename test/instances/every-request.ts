import { expect } from 'vitest'
import { call, helpDesk } from '../support/client.ts'
import { clientSecret, type TokenServer } from '../support/token-server.ts'
import type { World } from '../support/world.ts'
import { connect } from '../tokens/instances.ts'
import { seed } from './seed.ts'

/** Lists by everything that they can be narrowed to, the count, and the instance of a token. */
export async function everyListRequest(world: World) {
  await seed(world, 2000, (at) => ({ name: `Seed ${at}`, tags: ['seed'] }))
  const filters = [
    '',
    'tags=seed',
    'tags=seed&state=failed&tags=help%20desk',
    'externalId=customer-1',
  ]
  const searches = ['searchText=seed', 'searchText=none-of-them', 'searchText=connectwise']
  for (const query of [...filters, ...searches, 'element=117', 'state=disabled&hub=helpdesk']) {
    expect((await call(world, 'GET', `/instances?pageSize=5&${query}`)).status).toBe(200)
  }
  expect((await call(world, 'GET', '/instances/count')).status).toBe(200)
  const { body } = await call(world, 'GET', '/instances?pageSize=1&lastUsed=true')
  expect((await call(world, 'GET', `/instances/${body[0].id}/states`)).status).toBe(200)
  const { token } = (await call(world, 'POST', '/instances', { body: helpDesk(world) })).body
  const [user] = world.authorization.split(', ')
  for (const [path, caller] of [
    ['/instances/configuration', world.authorization],
    ['/ping', user],
  ] as const) {
    const authorization = `${caller}, Element ${token}`
    expect((await call(world, 'GET', path, { authorization })).status).toBe(200)
  }
}

/** An instance: changed in every way, switched, tried and deleted. */
export async function everyChange(world: World, tokens: TokenServer) {
  const { instanceId } = await connect(world, tokens, 'client')
  const path = `/instances/${instanceId}`
  const other = await connect(world, tokens, 'client')
  const body = { ids: [instanceId] }
  const { text } = await call(world, 'POST', '/instances/verify', { body })
  const { run } = JSON.parse(text.split('\n')[0]!)
  const patch = (body: object) => call(world, 'PATCH', path, { body })
  const answers = [
    await patch({ name: 'Other' }),
    await patch({ configuration: { secret: clientSecret } }),
    await call(world, 'PUT', `${path}/enabled`),
    await call(world, 'DELETE', `${path}/enabled`),
    await call(world, 'POST', `${path}/verify`),
    await call(world, 'PUT', `/elements/client${path}`, { body: { tags: [] } }),
    await call(world, 'POST', '/instances/verify', { body: { element: 'client' } }),
    await call(world, 'GET', `/instances/verify/${run}`),
    await call(world, 'POST', `${path}/token`),
    await call(world, 'POST', `${path}/token`, { body: { overlapSeconds: 0 } }),
    await call(world, 'GET', `${path}/token`),
    await call(world, 'POST', `${path}/token`),
    await call(world, 'DELETE', `${path}/token?previous=true`),
    await call(world, 'PUT', `${path}/references/flow`),
    await call(world, 'GET', `${path}/references`),
    await call(world, 'POST', `${path}/replace`, { body: { by: other.instanceId } }),
    await call(world, 'DELETE', `/instances/${other.instanceId}/references/flow`),
    await call(world, 'DELETE', path),
  ]
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
  const { body: made } = await call(world, 'POST', '/instances', { body: helpDesk(world) })
  const { body: changed } = await call(world, 'PUT', `/instances/${made.id}`, { body: made })
  expect(changed.id).toBe(made.id)
}
