import { expect } from 'vitest'
import { call } from '../support/client.ts'
import type { World } from '../support/world.ts'
import { Customer, createSession } from './customer.ts'

/**
 * Connect sessions from their making to their end, as often as makes one of them sweep.
 * @param consents an element with OAuth 2 and the entries of `consentElement`
 */
export async function everyConnectRequest(
  world: World,
  consents: { id: number; key: string },
  login: { elementId: number; authentication: string; configuration: Record<string, string> },
) {
  const configuration = { server: 'https://127.0.0.1', id: 'acme', secret: 'a-secret-of-the-app' }
  for (let made = 0; made < 16; made += 1) await createSession(world, { element: consents })
  const begin = async (body: object) => {
    const session = await createSession(world, body)
    const customer = new Customer(world)
    expect((await customer.open(session.url)).status).toBe(200)
    expect((await customer.open(session.url)).status).toBe(410)
    await customer.visit(session.url.split('#')[0])
    return { session, customer }
  }
  const { session, customer } = await begin({ element: { id: login.elementId } })
  await customer.form()
  expect((await customer.provision({ ...login, configuration: {} })).status).toBe(400)
  expect((await customer.provision(login)).body).toMatchObject({ status: 'succeeded' })
  const { instance } = (await call(world, 'GET', `/connect-sessions/${session.id}`)).body
  await call(world, 'GET', '/connect-sessions?externalId=x')

  const again = await begin({ instanceId: instance.id })
  const reconnected = await again.customer.provision(login)
  expect(reconnected.body, reconnected.text).toMatchObject({ status: 'succeeded' })

  const leaving = await begin({ element: { key: consents.key }, configuration })
  const answers = { elementId: consents.id, authentication: 'oauth2' }
  const { body } = await leaving.customer.authorize(answers)
  const { headers } = await leaving.customer.visit(body.url)
  const state = new URL(headers.location as string).searchParams.get('state')
  const landed = await leaving.customer.visit(
    `${world.url}/oauth/callback?state=${state}&error=access_denied`,
  )
  expect(landed.status).toBe(400)
  await leaving.customer.cancel()
  await call(world, 'DELETE', `/connect-sessions/${leaving.session.id}`)
}
