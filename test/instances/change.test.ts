import { afterAll, afterEach, describe, expect, test } from 'vitest'
import type { Behaviour } from '../../src/sandbox/behaviour.ts'
import { call, helpDesk } from '../support/client.ts'
import { openSecret } from '../support/oauth-elements.ts'
import { api2 } from '../support/world.ts'
import {
  entry,
  openChanging,
  password,
  secondLogin,
  server,
  signature,
  stars,
  username,
} from './changing.ts'

const {
  world,
  elsewhere,
  provision,
  get,
  patch,
  put,
  works,
  idOf,
  codeOf,
  storedOf,
  versionsOf,
  refused,
} = await openChanging()
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await elsewhere[Symbol.asyncDispose]()
})
afterEach(() => world.sandbox.reset())

describe('a change of name, tags, settings or reference', () => {
  test('asks no vendor, and keeps id, token and everything else', async () => {
    const path = await provision()
    const before = await get(path)
    world.sandbox.behave('drop')
    const { status, body, headers } = await patch(path, {
      name: '<b>Acme</b>',
      tags: ['b', 'a', 'b'],
      externalId: 'customer-1',
      settings: { timeZone: 'Europe/Paris' },
    })
    expect({ status, etag: headers.etag }).toEqual({ status: 200, etag: '"2"' })
    expect(body).toEqual({
      ...before,
      name: 'Acme',
      tags: ['b', 'a'],
      externalId: 'customer-1',
      settings: { timeZone: 'Europe/Paris' },
      updatedDate: expect.any(String),
    })
    expect(await get(path)).toEqual(body)
  })

  test('clears tags and reference, and takes single settings away', async () => {
    const settings = { timeZone: 'Europe/Paris', dateFormat: 'unix' }
    const path = await provision({}, { settings, externalId: 'x' })
    const { body } = await patch(path, {
      tags: [],
      externalId: null,
      settings: { timeZone: null, rateLimits: [{ amount: 1, unit: 'day' }] },
    })
    expect(body).toMatchObject({ tags: [], externalId: null })
    expect(body.settings).toEqual({ dateFormat: 'unix', rateLimits: [{ amount: 1, unit: 'day' }] })
    const { body: replaced } = await put(path, { settings: { timeZone: 'UTC' } })
    expect(replaced.settings).toEqual({ timeZone: 'UTC' })
  })

  test('is all that a PUT with a name and tags alone is', async () => {
    const path = await provision()
    const { configuration } = await get(path)
    world.sandbox.behave('drop')
    const { status, body } = await put(path, { name: 'N', tags: [] })
    expect({ status, name: body.name, tags: body.tags }).toEqual({
      status: 200,
      name: 'N',
      tags: [],
    })
    expect(body.configuration).toEqual(configuration)
  })

  test('that changes nothing is no change', async () => {
    const path = await provision()
    const { headers } = await patch(path, { name: 'Test', tags: ['help desk'] })
    expect(headers.etag).toBe('"1"')
    expect((await patch(path, {})).headers.etag).toBe('"1"')
  })

  test.each([
    [{ name: '' }, 'name-missing'],
    [{ name: '<br>' }, 'name-missing'],
    [{ name: 'x'.repeat(256) }, 'name-too-long'],
    [{ tags: ['x'.repeat(256)] }, 'tag-too-long'],
    [{ settings: { timeZone: 'Mars' } }, 'settings-invalid'],
    [{ settings: { rateLimits: [{ amount: 1, unit: 'year' }] } }, 'body-invalid'],
    [{ externalId: 7 }, 'body-invalid'],
    [{ element: { key: 'stripe' } }, 'body-invalid'],
    [{ verify: false }, 'body-invalid'],
  ])('is refused with %j', async (body, code) => {
    const path = await provision()
    const answer = await refused(path, () => patch(path, body))
    expect(codeOf(answer)).toEqual({ status: 400, code })
  })

  test('says what it did not understand', async () => {
    const { body } = await patch(await provision(), { nmae: 'N', name: 'M' })
    expect(body.warnings).toEqual([
      { key: 'nmae', message: 'is no member of this request and was ignored' },
    ])
  })
})

describe('a change of the configuration', () => {
  test('is merged by PATCH, proved at the vendor, and seals only what is new', async () => {
    const path = await provision({ [signature]: 'kept-and-never-opened' })
    const before = await get(path)
    const { status, body } = await patch(path, { configuration: secondLogin })
    expect(status).toBe(200)
    expect(body.configuration).toEqual({ ...before.configuration, [username]: api2.id })
    expect(body).toMatchObject({ id: before.id, token: before.token, state: 'verified' })
    expect(world.sandbox.requests.at(-1)!.body).toContain('<IntegratorLoginId>api2<')
    expect(await versionsOf(path)).toEqual({ $token: 1, [password]: 2, [signature]: 1 })
    expect(await openSecret(world, idOf(path), password)).toBe(api2.password)
    expect(await works(path)).toBe(true)
  })

  test('takes an entry away with null, and a secret with it', async () => {
    const callback = 'event.notification.callback.url'
    const path = await provision({ [signature]: 'to-be-gone', [callback]: 'https://a.example/' })
    const { status, body } = await patch(path, {
      configuration: { [signature]: null, [callback]: null },
    })
    expect({ status, callback: body.configuration[callback] }).toEqual({
      status: 200,
      callback: null,
    })
    expect(body.configuration).not.toHaveProperty([signature])
    expect(await versionsOf(path)).toEqual({ $token: 1, [password]: 1 })
  })

  test('is replaced by PUT, which keeps the secrets that read as stars', async () => {
    const callback = 'event.notification.callback.url'
    const path = await provision({ [callback]: 'https://a.example/', [signature]: 'to-be-gone' })
    const { configuration } = helpDesk(world)
    const { status, body } = await put(path, {
      configuration: { ...configuration, [password]: stars },
    })
    expect(status).toBe(200)
    expect(body.configuration[callback]).toBe(null)
    expect(body.configuration[password]).toBe(stars)
    expect(await versionsOf(path)).toEqual({ $token: 1, [password]: 1 })
    expect(await works(path)).toBe(true)
  })

  test('is none where a client sends back what it was answered, and is proved all the same', async () => {
    const path = await provision({ [signature]: 'kept' }, { settings: { timeZone: 'UTC' } })
    const before = await get(path)
    const stored = await storedOf(path)
    const asked = world.sandbox.requests.length
    const { status, body, headers } = await put(path, before)
    expect({ status, etag: headers.etag }).toEqual({ status: 200, etag: '"1"' })
    expect(body).toEqual({ ...before, verifiedAt: expect.any(String) })
    expect(world.sandbox.requests.length).toBe(asked + 1)
    const after = await storedOf(path)
    expect(after.secrets).toEqual(stored.secrets)
    expect(after.instance.configuration).toEqual(stored.instance.configuration)
  })

  test('asks nobody with reAuthenticate=false where it makes no difference to the vendor', async () => {
    const path = await provision()
    const before = await get(path)
    world.sandbox.behave('drop')
    const answer = await put(`${path}?reAuthenticate=false`, { ...before, name: 'N' })
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ name: 'N', verifiedAt: before.verifiedAt })
    expect((await patch(path, { configuration: { 'event.vendor.type': 'polling' } })).status).toBe(
      200,
    )
    expect((await patch(`${path}?reAuthenticate=false`, { configuration: {} })).status).toBe(200)
  })

  test('is proved even with reAuthenticate=false where it does', async () => {
    const path = await provision()
    const wrong = { configuration: { [password]: 'wrong-with-no-proof' } }
    const answer = await refused(path, () => patch(`${path}?reAuthenticate=false`, wrong))
    expect(codeOf(answer)).toEqual({ status: 400, code: 'credentials-rejected' })
    expect(answer.body.probe.verdict).toBe('rejected')
    const good = await patch(`${path}?reAuthenticate=false`, { configuration: secondLogin })
    expect(good.status).toBe(200)
    expect(good.body.warnings).toContainEqual({
      key: 'reAuthenticate',
      message: expect.stringContaining('proved all the same'),
    })
    expect((await get(path)).warnings).toEqual([])
  })

  test('heals an instance that had failed', async () => {
    const path = await provision()
    await world.context.db.pool.query(
      `update instances set state = 'failed', state_reason = 'locked'
       where organization_id = $1 and id = $2`,
      [world.organizationId, idOf(path)],
    )
    expect(await get(path)).toMatchObject({ state: 'failed', valid: false })
    const { body } = await patch(path, { configuration: { [password]: 'api1' } })
    expect(body).toMatchObject({ state: 'verified', valid: true, stateReason: null })
  })

  test.each([
    [
      'a password that the vendor refuses',
      { [password]: 'wrong-and-unique-77' },
      'credentials-rejected',
    ],
    ['a company that is not there', { [entry('company')]: 'nobody' }, 'vendor-misdirected'],
    ['nothing for what is required', { [username]: null }, 'configuration-incomplete'],
    ['no password any more', { [password]: null }, 'configuration-incomplete'],
    ['an address that is none', { [server]: 'nowhere at all' }, 'configuration-invalid'],
    ['a misspelt entry', { [entry('usernam')]: 'x' }, 'configuration-invalid'],
    ['stars for a secret that is not there', { [signature]: stars }, 'configuration-invalid'],
  ])('is refused with %s, and the old one goes on working', async (_, configuration, code) => {
    const path = await provision()
    const answer = await refused(path, () => patch(path, { configuration }))
    expect(codeOf(answer)).toEqual({ status: 400, code })
    expect(answer.text).not.toContain('wrong-and-unique-77')
  })

  test.each<[Behaviour, number]>([
    ['drop', 502],
    [{ behaviour: 'status', status: 500 }, 502],
  ])('is refused while the vendor does not answer (%j)', async (behaviour, status) => {
    const path = await provision()
    const answer = await refused(path, () => {
      world.sandbox.behave(behaviour)
      return patch(path, { configuration: secondLogin })
    })
    expect(answer.status).toBe(status)
  })
})

describe('a change of where secrets go', () => {
  test('demands them again by name, whichever way it comes, and sends nothing there', async () => {
    const path = await provision({ [signature]: 'no vendor gets it' })
    const before = await get(path)
    const moved = { [server]: elsewhere.url }
    const ways = [
      () => patch(path, { configuration: moved }),
      () => patch(path, { configuration: { ...moved, [password]: stars } }),
      () => patch(`${path}?reAuthenticate=false`, { configuration: moved }),
      () => put(path, { ...before, configuration: { ...before.configuration, ...moved } }),
      () =>
        call(world, 'PATCH', `/elements/connectwisehd${path}`, { body: { configuration: moved } }),
    ]
    for (const way of ways) {
      const { status, body } = await refused(path, way)
      expect({ status, code: body.code }).toEqual({ status: 422, code: 'secrets-required' })
      expect(body.missing).toEqual([{ key: password, name: expect.any(String) }])
      expect(body.message).toContain(elsewhere.url)
    }
    expect(elsewhere.received).toEqual([])
  })

  test('is proved there with the secret that comes along', async () => {
    const path = await provision()
    const other = world.sandbox.url.replace('127.0.0.1', 'localhost')
    const { status, body } = await patch(path, {
      configuration: { [server]: other, [password]: 'api1' },
    })
    expect({ status, server: body.configuration[server] }).toEqual({ status: 200, server: other })
    const { secrets } = await storedOf(path)
    const sealed = secrets.find((secret: { entry: string }) => secret.entry === password)
    expect(sealed).toMatchObject({ secret_version: 2, origins: [other] })
    await expect(openSecret(world, idOf(path), password, world.sandbox.url)).rejects.toMatchObject({
      code: 'secrets-required',
    })
    const back = await refused(path, () =>
      patch(path, { configuration: { [server]: world.sandbox.url } }),
    )
    expect(back.status).toBe(422)
  })

  test('is a draft’s matter, too', async () => {
    const path = await provision({}, { verify: false })
    const answer = await patch(path, { configuration: { [server]: elsewhere.url } })
    expect(codeOf(answer)).toEqual({ status: 422, code: 'secrets-required' })
    const given = { [server]: elsewhere.url, [password]: 'given-for-there' }
    const moved = await patch(path, { configuration: given })
    expect({ status: moved.status, state: moved.body.state }).toEqual({
      status: 200,
      state: 'draft',
    })
    expect(elsewhere.received).toEqual([])
  })
})
