import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { oauthElement } from '../support/oauth-elements.ts'
import { openAppProfiles, tokenUrl } from './app-profiles.ts'

const { world, post, put, read, remove, keep, query, secretOf, newPeople } = await openAppProfiles()
afterAll(() => world[Symbol.asyncDispose]())

let colleague: { authorization: string; userId: number }
let another: { authorization: string; userId: number }
let stranger: { authorization: string }
beforeEach(async () => {
  ;({ colleague, another, stranger } = await newPeople())
})

describe('POST /oauth-apps refuses', () => {
  test.each<[what: string, changes: object, code: string]>([
    ['no name', { name: undefined }, 'body-invalid'],
    ['an empty name', { name: '' }, 'body-invalid'],
    ['a name with a control character', { name: 'a\u0000b' }, 'body-invalid'],
    ['a name that is too long', { name: 'a'.repeat(256) }, 'body-invalid'],
    ['no client id', { clientId: undefined }, 'body-invalid'],
    ['an empty client id', { clientId: '' }, 'body-invalid'],
    ['no client secret', { clientSecret: undefined }, 'body-invalid'],
    ['an empty client secret', { clientSecret: '' }, 'body-invalid'],
    ['stars as a client secret', { clientSecret: '********' }, 'body-invalid'],
    ['a client secret of two lines', { clientSecret: 'two\nlines' }, 'body-invalid'],
    ['a client secret that is a number', { clientSecret: 12345678 }, 'body-invalid'],
    ['a misspelt member', { clientSecrte: 'x' }, 'body-invalid'],
    ['no element', { element: undefined }, 'body-invalid'],
    ['an element without key or id', { element: {} }, 'element-missing'],
    ['two elements', { element: { key: 'vendor', id: 9802 } }, 'body-invalid'],
    ['an element without OAuth', { element: { key: 'quiet' } }, 'oauth-app-unfit'],
    [
      'an element whose id is made of an entry',
      { element: { key: 'composed' } },
      'oauth-app-unfit',
    ],
    ['an element whose secret is filtered', { element: { key: 'filtered' } }, 'oauth-app-unfit'],
    ['a secret for a client without one', { element: { key: 'public' } }, 'body-invalid'],
    [
      'several authentications and none named',
      { element: { key: 'manifold' } },
      'authentication-unclear',
    ],
    [
      'an authentication without OAuth',
      { element: { key: 'manifold' }, authentication: { type: 'basic' } },
      'oauth-app-unfit',
    ],
    [
      'an authentication that is not there',
      { authentication: { type: 'basic' } },
      'oauth-app-unfit',
    ],
    [
      'an id of another form than the element wants',
      { element: { key: 'strict' } },
      'body-invalid',
    ],
  ])('%s', async (_what, changes, code) => {
    const { body, text } = await post(changes)
    expect(body).toMatchObject({ status: 400, code, message: expect.stringMatching(/\.$/) })
    expect(text).not.toContain('a-secret-of-the-app')
    expect(
      await query(
        "select 1 from secrets where owner like 'oauth-app/%' and organization_id = $1",
        world.organizationId,
      ),
    ).toEqual([])
  })

  test('an element that is not there, or another organization’s own', async () => {
    const { id: _, ...own } = oauthElement(0, 'theirs', { tokenUrl })
    const made = await call(world, 'POST', '/elements', { body: own, ...stranger })
    expect(made.status).toBe(200)
    for (const element of [{ key: 'nothing' }, { key: 'theirs' }, { id: made.body.id }]) {
      const { body } = await post({ element })
      expect(body).toMatchObject({ status: 404, code: 'element-not-found' })
    }
  })

  test('who is not known, and who shares without being an admin', async () => {
    expect((await post({}, 'User a, Organization b')).status).toBe(401)
    const { body } = await post({ shared: true }, colleague.authorization)
    expect(body).toMatchObject({ status: 403, code: 'role-insufficient' })
  })

  test('a body of more than 64 KiB', async () => {
    const { body } = await post({ clientSecret: 'a'.repeat(65 * 1024) })
    expect(body).toMatchObject({ status: 413, code: 'body-too-large' })
  })
})

describe('POST /oauth-apps', () => {
  test('keeps id and secret, and never answers the secret', async () => {
    const { body, text } = await post({ shared: true })
    expect(body).toEqual({
      id: expect.any(Number),
      name: 'Acme at the vendor',
      element: { id: 9801, key: 'vendor', name: 'Tokens' },
      authentication: { type: 'oauth2' },
      clientId: 'acme-app',
      clientSecret: '********',
      shared: true,
      origins: ['https://login.example.com'],
      instances: 0,
      user: {
        id: world.userId,
        emailAddress: expect.stringContaining('@example.com'),
        firstName: '',
        lastName: '',
      },
      createdDate: expect.any(String),
      updatedDate: expect.any(String),
    })
    const again = await read(body.id)
    expect(again.body).toEqual(body)
    expect(text + again.text + world.log.join('\n')).not.toContain('a-secret-of-the-app')
    expect(await secretOf(body.id)).toBe('a-secret-of-the-app')
  })

  test('takes the element by id, and the authentication by its key', async () => {
    const element = { id: 9805 }
    const origins = ['https://login.example.com']
    const { body } = await post({ element, authentication: { type: 'two' }, origins })
    expect(body).toMatchObject({
      element: { id: 9805, key: 'manifold' },
      authentication: { type: 'two' },
    })
  })

  test('takes a client that has no secret', async () => {
    const { body } = await post({ element: { key: 'public' }, clientSecret: undefined })
    expect(body).toMatchObject({ clientId: 'acme-app', clientSecret: null })
    expect((await put(body.id, body)).body).toMatchObject({ clientSecret: null })
  })

  test.each(['keyed', 'assertive'])(
    'takes a private key of several lines for "%s"',
    async (key) => {
      const clientSecret = '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n'
      const id = await keep({ element: { key }, clientSecret })
      expect(await secretOf(id)).toBe(clientSecret)
    },
  )

  test('takes consumer key and secret of OAuth 1 for where the requests go', async () => {
    const { body } = await post({ element: { key: 'signed' } })
    expect(body).toMatchObject({
      authentication: { type: 'oauth1' },
      origins: ['https://api.example.com'],
    })
  })
})

describe('GET /oauth-apps', () => {
  test('shows own and shared ones to a user, all to an admin, none to a stranger', async () => {
    const [hidden, shared] = [await keep(), await keep({ shared: true })]
    const own = await keep({}, colleague.authorization)
    const list = async (authorization: string) => {
      const { status, body } = await call(world, 'GET', '/oauth-apps', { authorization })
      expect(status).toBe(200)
      return body.map(({ id }: { id: number }) => id)
    }
    expect(await list(colleague.authorization)).toEqual([shared, own])
    expect(await list(another.authorization)).toEqual([shared])
    expect(await list(world.authorization)).toEqual([hidden, shared, own])
    expect(await list(stranger.authorization)).toEqual([])
  })

  test('shows those of one element, by its key or id', async () => {
    const id = await keep()
    await keep({ element: { key: 'signed' } })
    for (const element of ['vendor', '9801']) {
      const { body } = await call(world, 'GET', `/oauth-apps?element=${element}`)
      expect(body.map((app: { id: number }) => app.id)).toEqual([id])
    }
    const { body } = await call(world, 'GET', '/oauth-apps?element=nothing')
    expect(body).toMatchObject({ status: 404, code: 'element-not-found' })
  })

  test('answers page after page, each once', async () => {
    const ids: number[] = []
    for (let n = 0; n < 5; n++) ids.push(await keep())
    const seen: number[] = []
    let query = '?pageSize=2'
    for (let pages = 0; pages < 3; pages++) {
      const { body, headers } = await call(world, 'GET', `/oauth-apps${query}`)
      expect(headers['elements-returned-count']).toBe(String(body.length))
      seen.push(...body.map(({ id }: { id: number }) => id))
      const next = headers['elements-next-page-token']
      expect(next === undefined).toBe(pages === 2)
      query = `?pageSize=2&nextPage=${next}`
    }
    expect(seen).toEqual(ids)
  })

  test.each(['?pageSize=0', '?pageSize=201', '?nextPage=x'])('refuses %s', async (query) => {
    const { body } = await call(world, 'GET', `/oauth-apps${query}`)
    expect(body).toMatchObject({ status: 400, code: 'parameters-invalid' })
  })

  test('shows one whose element is gone, which can still be deleted', async () => {
    const { id: _, ...own } = oauthElement(0, 'leaving', { tokenUrl })
    await call(world, 'POST', '/elements', { body: own })
    const { id, element } = (await post({ element: { key: 'leaving' } })).body
    expect((await call(world, 'DELETE', '/elements/leaving')).status).toBe(200)
    expect((await read(id)).body.element).toEqual({ id: element.id, key: null, name: null })
    expect((await call(world, 'GET', '/oauth-apps')).body).toHaveLength(1)
    expect((await put(id, { clientSecret: 'another-one' })).status).toBe(404)
    expect((await remove(id)).status).toBe(200)
  })
})

/** What each may do with app profiles: of one's own, of others, shared, of another organization. */
const rights: [
  who: string,
  whose: string,
  statuses: { GET: number; PUT: number; DELETE: number },
][] = [
  ['a user', 'own', { GET: 200, PUT: 200, DELETE: 200 }],
  ['a user', 'shared', { GET: 200, PUT: 403, DELETE: 403 }],
  ['a user', 'another user’s', { GET: 404, PUT: 404, DELETE: 404 }],
  ['a user', 'an admin’s', { GET: 404, PUT: 404, DELETE: 404 }],
  ['an admin', 'own', { GET: 200, PUT: 200, DELETE: 200 }],
  ['an admin', 'shared', { GET: 200, PUT: 200, DELETE: 200 }],
  ['an admin', 'another user’s', { GET: 200, PUT: 200, DELETE: 200 }],
  ['a stranger', 'shared', { GET: 404, PUT: 404, DELETE: 404 }],
  ['a stranger', 'another user’s', { GET: 404, PUT: 404, DELETE: 404 }],
]

test.each(rights)('%s may do this with one that is %s: %j', async (who, whose, statuses) => {
  const callers = { 'a user': colleague, 'an admin': world, 'a stranger': stranger }
  const caller = callers[who as keyof typeof callers]
  const owners = { own: caller, shared: world, 'another user’s': another, 'an admin’s': world }
  const owner = owners[whose as keyof typeof owners]
  const id = await keep({ shared: whose === 'shared' }, owner.authorization)
  const answers = {
    GET: (await read(id, caller.authorization)).status,
    PUT: (await put(id, { name: 'Renamed' }, caller.authorization)).status,
    DELETE: (await remove(id, caller.authorization)).status,
  }
  expect(answers).toEqual(statuses)
  const left = await query('select name from oauth_apps where id = $1', id)
  const untouched = [{ name: 'Acme at the vendor' }]
  expect(left).toEqual(statuses.DELETE === 200 ? [] : untouched)
})

test.each(['GET', 'PUT', 'DELETE'] as const)(
  '%s of one that is not there is a 404',
  async (method) => {
    const body = method === 'PUT' ? { name: 'N' } : undefined
    const answer = await call(world, method, '/oauth-apps/999999999', { body })
    expect(answer.body).toMatchObject({ status: 404, code: 'oauth-app-not-found' })
  },
)
