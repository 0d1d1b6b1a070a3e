import { expect } from 'vitest'
import { call } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { elementWithoutProbe } from '../support/elements.ts'
import { oauthElement } from '../support/oauth-elements.ts'
import { startWorld } from '../support/world.ts'

export const tokenUrl = 'https://login.example.com/token'
const signing = { signingKey: '{key}', algorithm: 'RS256' }
const [client] = oauthElement(0, 'x', { tokenUrl }).authentications
const oauth1 = {
  type: 'oauth1',
  name: 'OAuth 1',
  consumerKey: '{id}',
  consumerSecret: '{secret}',
  token: '{user}',
  tokenSecret: '{password}',
}
const definitions = [
  oauthElement(9801, 'vendor', { tokenUrl }),
  oauthElement(9802, 'public', { tokenUrl, clientAuthentication: 'none', clientSecret: undefined }),
  oauthElement(9803, 'keyed', {
    tokenUrl,
    ...signing,
    clientAuthentication: 'privateKeyJwt',
    clientSecret: undefined,
  }),
  oauthElement(9804, 'assertive', {
    tokenUrl,
    ...signing,
    grant: 'jwtBearer',
    clientAuthentication: 'none',
    clientSecret: undefined,
  }),
  oauthElement(
    9805,
    'manifold',
    {},
    {
      authentications: [
        { type: 'basic', name: 'Basic', username: '{user}', password: '{password}' },
        { ...client, key: 'one' },
        { ...client, key: 'two', clientAuthentication: 'post' },
      ],
    },
  ),
  oauthElement(9806, 'composed', { tokenUrl, clientId: 'app-{id}' }),
  oauthElement(9807, 'filtered', { tokenUrl, clientSecret: '{secret|trim}' }),
  oauthElement(
    9808,
    'signed',
    {},
    { baseUrl: 'https://api.example.com', authentications: [oauth1] },
  ),
  {
    ...oauthElement(9809, 'strict', { tokenUrl }),
    entries: oauthElement(0, 'x').entries.map((entry) =>
      entry.key === 'id' ? { ...entry, pattern: '[a-z]+' } : entry,
    ),
  },
  elementWithoutProbe,
]

/** A service with elements of every kind of client, and what tests do with app profiles. */
export async function openAppProfiles() {
  const world = await startWorld({ definitions })
  /** An organization of its own for each test, with two users besides its admin. */
  const newPeople = async () => {
    Object.assign(world, await world.addOrganization())
    const [colleague, another] = [await addColleague(world), await addColleague(world)]
    return { colleague, another, stranger: await world.addOrganization() }
  }
  const bodyOf = (changes: object = {}) => ({
    element: { key: 'vendor' },
    name: 'Acme at the vendor',
    clientId: 'acme-app',
    clientSecret: 'a-secret-of-the-app',
    ...changes,
  })
  const post = (changes: object = {}, authorization = world.authorization) =>
    call(world, 'POST', '/oauth-apps', { body: bodyOf(changes), authorization })
  const put = (id: number, body: object, authorization = world.authorization) =>
    call(world, 'PUT', `/oauth-apps/${id}`, { body, authorization })
  const read = (id: number, authorization = world.authorization) =>
    call(world, 'GET', `/oauth-apps/${id}`, { authorization })
  const remove = (id: number, authorization = world.authorization) =>
    call(world, 'DELETE', `/oauth-apps/${id}`, { authorization })

  async function keep(changes: object = {}, authorization = world.authorization): Promise<number> {
    const { status, body } = await post(changes, authorization)
    expect(status).toBe(200)
    return body.id
  }

  /** A draft that uses an app profile. */
  async function useIt(oauthAppId: number, authorization = world.authorization) {
    const { status, body } = await call(world, 'POST', '/instances', {
      authorization,
      body: {
        element: { key: 'vendor' },
        name: `Uses ${oauthAppId}`,
        configuration: { server: 'https://api.example.com' },
        authentication: { oauthAppId },
        verify: false,
      },
    })
    expect(status).toBe(200)
    return { id: body.id as number, name: body.name as string }
  }

  const query = async (text: string, ...values: unknown[]) =>
    (await world.context.db.pool.query(text, values)).rows

  /** What an app profile's secret is, as the service would send it. */
  async function secretOf(id: number, destination = 'https://login.example.com') {
    const owner = `oauth-app/${id}`
    const { db, vault } = world.context
    const { organizationId } = world
    const [row, ...others] = await db.kysely
      .selectFrom('secrets')
      .select(['entry', 'secretVersion', 'origins', 'sealed'])
      .where('organizationId', '=', organizationId)
      .where('owner', '=', owner)
      .execute()
    expect(others).toEqual([])
    return vault.open({ organizationId, owner, ...row! }, row!.sealed, destination)
  }
  return { world, bodyOf, post, put, read, remove, keep, useIt, query, secretOf, newPeople }
}
