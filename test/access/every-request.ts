import { expect } from 'vitest'
import { call } from '../support/client.ts'
import type { World } from '../support/world.ts'

/** Accounts, users and signing in. */
export async function everyTenantRequest(world: World) {
  const send = async (status: number, ...request: Parameters<typeof call>) => {
    const answer = await call(...request)
    expect([request[1], request[2], answer.status]).toEqual([request[1], request[2], status])
    return answer
  }
  const { body: account } = await send(200, world, 'POST', '/accounts', { body: { name: 'One' } })
  const path = `/accounts/${account.id}`
  await send(200, world, 'GET', '/accounts')
  await send(200, world, 'PATCH', path, { body: { description: 'Changed' } })
  await send(200, world, 'GET', `${path}/users`)
  const password = 'an unguessable sentence'
  const body = { email: 'tenant@example.com', password }
  const { body: user } = await send(200, world, 'POST', `${path}/users`, { body })
  await send(409, world, 'DELETE', path)
  const credentials = { username: body.email, password }
  const { body: signedIn } = await send(200, world, 'POST', '/authentication', {
    body: credentials,
  })
  const authorization = `Bearer ${signedIn.token}`
  await send(200, world, 'GET', '/users', { authorization })
  await send(200, world, 'GET', '/accounts', { authorization })
  const proof = { headers: { 'elements-user-password': password } }
  await send(200, world, 'GET', '/authentication/secrets', { authorization, ...proof })
  await send(200, world, 'POST', `/users/${user.id}/secret`, { authorization })
  await send(200, world, 'DELETE', '/authentication', { authorization })
  await send(200, world, 'GET', `/users/${body.email}`, proof)
  const role = `/users/${user.id}/roles/org-admin`
  await send(200, world, 'PUT', role)
  await send(200, world, 'DELETE', role)
  const change = { email: 'tenant-2@example.com', password: 'another fine sentence' }
  await send(200, world, 'PATCH', `/users/${user.id}`, { body: change })
  await send(200, world, 'PATCH', `/users/${user.id}`, { body: { active: false } })
  await send(200, world, 'DELETE', `/users/${user.id}?reassignTo=${world.userId}`)
  await send(200, world, 'DELETE', path)
  await send(200, world, 'POST', '/organization/secret')
}
