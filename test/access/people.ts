import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { call } from '../support/client.ts'
import type { World } from '../support/world.ts'

export const password = 'an unguessable sentence'

export interface Person {
  id: number
  email: string
  secret: string
  authorization: string
}

export type Caller = Pick<World, 'url' | 'authorization'>

export const newEmail = () => `${randomBytes(6).toString('hex')}@example.com`

export async function defaultAccountOf(world: Caller): Promise<number> {
  const { body } = await call(world, 'GET', '/accounts')
  return body.find((account: { defaultAccount: boolean }) => account.defaultAccount).id
}

/** Another user of the caller's organization, with a password, who is no admin unless told so. */
export async function addPerson(world: Caller, given: object = {}): Promise<Person> {
  const path = `/accounts/${await defaultAccountOf(world)}/users`
  const { status, body } = await call(world, 'POST', path, {
    body: { email: newEmail(), firstName: 'Ada', lastName: 'Lovelace', password, ...given },
  })
  expect([status, body.code]).toEqual([200, undefined])
  const [, organization] = world.authorization.split(', ')
  const { id, email, secret } = body
  return { id, email, secret, authorization: `User ${secret}, ${organization}` }
}

let tries = 0
const nextAddress = () => {
  tries += 1
  return `198.18.${tries >> 8}.${tries & 255}`
}

/** One try, from an address of its own unless told otherwise; the world has to trust proxies. */
export function trySignIn(world: Pick<World, 'url'>, body: unknown, from = nextAddress()) {
  return call({ ...world, authorization: '' }, 'POST', '/authentication', {
    body,
    authorization: null,
    headers: { 'x-forwarded-for': from },
  })
}

/** The header of who has just signed in. */
export async function signIn(world: Pick<World, 'url'>, { email }: { email: string }) {
  const { status, body } = await trySignIn(world, { username: email, password })
  expect([status, body.code]).toEqual([200, undefined])
  return `Bearer ${body.token}`
}

/** What the audit says of it, the latest last. */
export async function actionsOn(world: World, userId: number): Promise<string[]> {
  const { rows } = await world.context.db.pool.query(
    `select action from audit_entries where organization_id = $1
     and (detail->>'userId' = $2 or user_id = $2::bigint) order by id`,
    [world.organizationId, String(userId)],
  )
  return rows.map(({ action }) => action)
}
