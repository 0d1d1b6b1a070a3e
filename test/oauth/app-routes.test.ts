import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { elementWithoutProbe } from '../support/elements.ts'
import { oauthElement } from '../support/oauth-elements.ts'
import { startWorld, type World } from '../support/world.ts'

const tokenUrl = 'https://login.example.com/token'
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

let world: World
let colleague: { authorization: string; userId: number }
let another: { authorization: string; userId: number }
let stranger: { authorization: string }

beforeAll(async () => {
  world = await startWorld({ definitions })
})
beforeEach(async () => {
  world = Object.assign(world, await world.addOrganization())
  colleague = await addColleague(world)
  another = await addColleague(world)
  stranger = await world.addOrganization()
})
afterAll(() => world[Symbol.asyncDispose]())

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

describe('PUT /oauth-apps/{id}', () => {
  test('replaces the client; what is left out stays', async () => {
    const id = await keep({ shared: true })
    const client = { clientId: 'other-app', clientSecret: 'another-secret' }
    const { status, body } = await put(id, client)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      id,
      name: 'Acme at the vendor',
      clientId: 'other-app',
      clientSecret: '********',
      shared: true,
      origins: ['https://login.example.com'],
    })
    expect(await secretOf(id)).toBe('another-secret')
  })

  test('takes back what it answered, and keeps the secret', async () => {
    const id = await keep()
    const answered = (await read(id)).body
    const { status, body } = await put(id, { ...answered, name: 'Renamed' })
    expect(status).toBe(200)
    expect(body).toEqual({ ...answered, name: 'Renamed', updatedDate: body.updatedDate })
    expect(await secretOf(id)).toBe('a-secret-of-the-app')
  })

  test('keeps the secret while the id changes', async () => {
    const id = await keep()
    const { body } = await put(id, { clientId: 'other-app', clientSecret: '********' })
    expect(body.clientId).toBe('other-app')
    expect(await secretOf(id)).toBe('a-secret-of-the-app')
  })

  test.each(['********', undefined])(
    'wants the secret again where it is to go elsewhere: %s',
    async (clientSecret) => {
      const id = await keep()
      for (const origins of [
        ['https://evil.example.com'],
        ['https://login.example.com', 'https://evil.example.com'],
        ['https://*.example.com'],
      ]) {
        const { body } = await put(id, { clientSecret, origins })
        expect(body).toMatchObject({
          status: 422,
          code: 'secrets-required',
          missing: [{ key: 'clientSecret', name: 'Client secret' }],
        })
      }
      expect((await read(id)).body.origins).toEqual(['https://login.example.com'])
      expect(await secretOf(id)).toBe('a-secret-of-the-app')
    },
  )

  test('takes other origins together with the secret, which goes nowhere else then', async () => {
    const id = await keep()
    const origins = ['https://*.example.org']
    const { body } = await put(id, { clientSecret: 'sent-once-more', origins })
    expect(body.origins).toEqual(origins)
    expect(await secretOf(id, 'https://eu.example.org')).toBe('sent-once-more')
    await expect(secretOf(id)).rejects.toThrow('not given for https://login.example.com')
  })

  test('brings what an element asks for that proves its client in another way by now', async () => {
    const { id: _, ...own } = oauthElement(0, 'changing', { tokenUrl })
    expect((await call(world, 'POST', '/elements', { body: own })).status).toBe(200)
    const id = await keep({ element: { key: 'changing' } })
    const [authentication] = own.authentications
    const open = { ...authentication, clientAuthentication: 'none', clientSecret: undefined }
    const draft = {
      element: { key: 'changing' },
      name: 'N',
      configuration: { server: 'https://api.example.com' },
      verify: false,
    }
    for (const [changes, client] of [
      [open, { clientSecret: null }],
      [authentication, { clientSecret: 'a-secret-once-more' }],
    ]) {
      const body = { ...own, authentications: [changes] }
      expect((await call(world, 'PUT', '/elements/changing', { body })).status).toBe(200)
      const refused = await call(world, 'POST', '/instances', { body: draft })
      expect(refused.body).toMatchObject({ status: 400, code: 'oauth-app-unfit' })
      expect((await put(id, client!)).status).toBe(200)
      const { body: instance } = await call(world, 'POST', '/instances', { body: draft })
      expect(instance.authentication.oauthAppId).toBe(id)
    }
    expect(await secretOf(id)).toBe('a-secret-once-more')
  })

  test('refuses another element or authentication, and what POST would', async () => {
    const id = await keep()
    for (const changes of [
      { element: { key: 'signed' } },
      { element: { id: 9808 } },
      { element: { key: 'nothing' } },
      { authentication: { type: 'oauth1' } },
      { clientSecret: 'two\nlines' },
      { clientSecret: '' },
      { clientSecret: null },
      { name: '' },
      { origins: ['http://login.example.com'] },
      { misspelt: true },
    ]) {
      const { body } = await put(id, changes)
      expect([changes, body.status, body.code]).toEqual([changes, 400, 'body-invalid'])
    }
    expect(await secretOf(id)).toBe('a-secret-of-the-app')
  })

  test('lets an admin share, and nobody else', async () => {
    const id = await keep({}, colleague.authorization)
    const refused = await put(id, { shared: true }, colleague.authorization)
    expect(refused.body).toMatchObject({ status: 403, code: 'role-insufficient' })
    expect((await put(id, { shared: true })).body.shared).toBe(true)
    expect((await read(id, another.authorization)).status).toBe(200)
  })

  test('refuses to withdraw it from others who use it', async () => {
    const id = await keep({ shared: true })
    await useIt(id)
    const { id: theirs } = await useIt(id, colleague.authorization)
    const { body } = await put(id, { shared: false })
    expect(body).toMatchObject({ status: 409, code: 'oauth-app-in-use' })
    await query('delete from instances where id = $1', theirs)
    expect((await put(id, { shared: false })).body.shared).toBe(false)
  })

  test('of many at once makes one whole', async () => {
    const id = await keep()
    const clients = Array.from({ length: 8 }, (_, n) => ({
      clientId: `app-${n}`,
      clientSecret: `secret-of-app-${n}`,
    }))
    const answers = await Promise.all(clients.map((client) => put(id, client)))
    expect(answers.map(({ status }) => status)).toEqual(clients.map(() => 200))
    const { clientId } = (await read(id)).body
    expect(await secretOf(id)).toBe(`secret-of-${clientId}`)
  })

  test('lets instances try again whose tokens could not be refreshed, and no others', async () => {
    const [id, other] = [await keep(), await keep()]
    const [ours, theirs] = [await useIt(id), await useIt(other)]
    for (const instance of [ours, theirs]) {
      await query(
        `insert into oauth_tokens (organization_id, instance_id, failures, retry_at)
         values ($1, $2, 3, now() + interval '1 hour')`,
        world.organizationId,
        instance.id,
      )
    }
    await put(id, { clientSecret: 'another-secret' })
    const rows = await query(
      'select failures, retry_at is null as now from oauth_tokens where organization_id = $1 order by instance_id',
      world.organizationId,
    )
    expect(rows).toEqual([
      { failures: 0, now: true },
      { failures: 3, now: false },
    ])
  })
})

describe('DELETE /oauth-apps/{id}', () => {
  test('is refused while instances use it, and names them', async () => {
    const id = await keep()
    const instance = await useIt(id)
    expect((await read(id)).body.instances).toBe(1)
    const { body } = await remove(id)
    expect(body).toMatchObject({ status: 409, code: 'oauth-app-in-use', references: [instance] })
    expect(await secretOf(id)).toBe('a-secret-of-the-app')
    await query('delete from instances where id = $1', instance.id)
    expect((await remove(id)).status).toBe(200)
  })

  test('tells a user the number of instances of others, and an admin their names', async () => {
    const id = await keep({}, colleague.authorization)
    const own = await useIt(id, colleague.authorization)
    expect((await put(id, { shared: true })).status).toBe(200)
    const other = await useIt(id, another.authorization)
    const asUser = await remove(id, colleague.authorization)
    expect(asUser.body.references).toEqual([own])
    expect(asUser.body.message).toContain('2 instances use this app profile (1 of them of other')
    expect(asUser.text).not.toContain(`"id":${other.id}`)
    const asAdmin = await remove(id)
    expect(asAdmin.body.references).toEqual([own, other])
  })

  test('removes it with its secret, and the audit says who did what', async () => {
    const id = await keep()
    await put(id, { name: 'Renamed' })
    const { status, body } = await remove(id)
    expect([status, body]).toEqual([200, {}])
    expect(await query('select 1 from secrets where owner = $1', `oauth-app/${id}`)).toEqual([])
    expect((await remove(id)).status).toBe(404)
    const entries = await query(
      `select action, user_id as "userId" from audit_entries
       where organization_id = $1 and detail->>'oauthAppId' = $2 order by id`,
      world.organizationId,
      String(id),
    )
    const { userId } = world
    expect(entries).toEqual([
      { action: 'oauth-app.created', userId },
      { action: 'oauth-app.replaced', userId },
      { action: 'oauth-app.deleted', userId },
    ])
  })
})
