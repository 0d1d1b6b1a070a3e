import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { clientSecret, openAppClients, pem } from './app-clients.ts'

const { server, elsewhere, world, keepApp, provision, naming, refused, entriesOf } =
  await openAppClients()
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await elsewhere[Symbol.asyncDispose]()
})

let colleague: { authorization: string; userId: number }
/** An organization without any app profile. */
let fresh: { authorization: string; organizationId: number }

beforeEach(async () => {
  Object.assign(world, await world.addOrganization())
  colleague = await addColleague(world)
  fresh = await world.addOrganization()
})

describe('an instance without a client of its own', () => {
  test.each<[way: string, key: string, app: object]>([
    ['basic', 'basic', {}],
    ['post', 'post', { clientId: 'post-client' }],
    ['private_key_jwt', 'keyed', { clientId: 'key-client', clientSecret: pem }],
    ['basic, where client id and secret are required', 'demanding', {}],
  ])('uses the app profile that fits, with %s', async (_, key, changes) => {
    const id = await keepApp(key, changes)
    const { status, body, text } = await provision(key)
    expect({ status, state: body.state }).toEqual({ status: 200, state: 'verified' })
    expect(body.authentication).toEqual({ type: 'oauth2', oauthAppId: id })
    expect(body.configuration).toMatchObject({ id: null, secret: null, key: null })
    const read = await call(world, 'GET', `/instances/${body.id}`)
    expect(read.body).toEqual(body)
    expect(`${text}${read.text}`).not.toContain('-client')
    expect(await entriesOf(body.id)).toEqual(['$oauth', '$token'])
    const app = await call(world, 'GET', `/oauth-apps/${id}`)
    expect(app.body.instances).toBe(1)
  })

  test('uses the one that is named', async () => {
    await keepApp()
    const second = await keepApp('basic', { clientId: 'second-client' })
    const { status, body } = await provision('basic', naming(second))
    expect(status).toBe(200)
    expect(body.authentication.oauthAppId).toBe(second)
  })

  test('uses an own one before a shared one', async () => {
    const shared = await keepApp('basic', { shared: true })
    const { authorization } = colleague
    const before = await provision('basic', { authorization })
    expect(before.body.authentication.oauthAppId).toBe(shared)
    const own = await keepApp('basic', {}, authorization)
    const after = await provision('basic', { authorization })
    expect(after.body.authentication.oauthAppId).toBe(own)
  })

  test('uses the one that may go where its server is', async () => {
    await keepApp('basic', { origins: [elsewhere.origin] })
    const id = await keepApp()
    const { body } = await provision('basic')
    expect(body.authentication.oauthAppId).toBe(id)
  })

  test('is asked which one, where several fit', async () => {
    const ids = [await keepApp(), await keepApp()]
    expect(await refused('basic')).toMatchObject({
      status: 400,
      code: 'oauth-app-unclear',
      choices: ids.map(String),
      message: expect.stringContaining(`"oauthAppId": ${ids[0]}`),
    })
  })

  test('is asked for a client where no app profile fits', async () => {
    await keepApp('post')
    const answer = await refused('demanding', fresh)
    expect(answer).toMatchObject({ status: 400, code: 'configuration-incomplete' })
    expect(answer.missing.map(({ key }: { key: string }) => key)).toEqual(['id', 'secret'])
  })

  test('is not asked for what the app profile holds when something else is missing', async () => {
    await keepApp('demanding')
    const answer = await refused('demanding', { configuration: { server: null } })
    expect(answer).toMatchObject({ status: 400, code: 'configuration-incomplete' })
    expect(answer.missing.map(({ key }: { key: string }) => key)).toEqual(['server'])
    expect(answer.invalid ?? []).toEqual([])
  })

  test('shows neither id nor secret where the vendor rejects them', async () => {
    const wrong = 'a-secret-that-the-vendor-does-not-know'
    await keepApp('basic', { clientSecret: wrong })
    const before = world.log.length
    const { status, body, text } = await provision('basic')
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'credentials-rejected' })
    const shown = text + world.log.slice(before).join('\n')
    const spelt = Buffer.from(`basic-client:${wrong}`).toString('base64')
    for (const piece of [wrong, 'basic-client', spelt]) expect(shown).not.toContain(piece)
    expect(body.probe.request.headers.authorization).toContain('*')
  })

  test('may be a draft', async () => {
    const id = await keepApp()
    const granted = server.granted
    const { status, body } = await provision('basic', { verify: false })
    expect({ status, state: body.state }).toEqual({ status: 200, state: 'draft' })
    expect(body.authentication.oauthAppId).toBe(id)
    expect(server.granted).toBe(granted)
  })
})

describe('an instance with a client of its own', () => {
  const client = { id: 'second-client', secret: clientSecret }

  test('uses no app profile, unless one is named', async () => {
    await keepApp()
    const { status, body } = await provision('basic', { configuration: client })
    expect(status).toBe(200)
    expect(body.authentication).toEqual({ type: 'oauth2' })
    expect(await entriesOf(body.id)).toContain('secret')
  })

  test.each<[what: string, key: string, configuration: object, named: string[]]>([
    ['both', 'basic', client, ['id', 'secret']],
    ['an id', 'basic', { id: 'second-client' }, ['id']],
    ['a secret', 'basic', { secret: clientSecret }, ['secret']],
    ['a secret by another name', 'demanding', { 'old.secret': clientSecret }, ['old.secret']],
  ])('is refused %s besides one that is named', async (_, key, configuration, named) => {
    const answer = await refused(key, naming(await keepApp(key), { configuration }))
    expect(answer).toMatchObject({ status: 400, code: 'configuration-invalid' })
    expect(answer.invalid.map(({ key }: { key: string }) => key)).toEqual(named)
    expect(JSON.stringify(answer)).not.toContain(clientSecret)
  })

  test('may leave its entries empty, as a client does that sends back what it read', async () => {
    const id = await keepApp()
    const configuration = { id: null, secret: '' }
    const { status, body } = await provision('basic', naming(id, { configuration }))
    expect(status).toBe(200)
    expect(body.authentication.oauthAppId).toBe(id)
  })
})
