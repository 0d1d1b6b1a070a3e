import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { call, helpDesk } from '../support/client.ts'
import { elementWithoutProbe } from '../support/elements.ts'
import { openSecret } from '../support/oauth-elements.ts'
import { startWebServer } from '../support/web-server.ts'
import { api2, startWorld, type World } from '../support/world.ts'

const username = 'helpdesk.connectwise.username'
const password = 'helpdesk.connectwise.password'

let world: World
beforeAll(async () => {
  world = await startWorld({ definitions: [elementWithoutProbe], allow: ['127.0.0.1'] })
})
afterAll(() => world[Symbol.asyncDispose]())
afterEach(() => world.sandbox.reset())

async function provision(configuration: object = {}, more: object = {}): Promise<string> {
  const body = { ...helpDesk(world, configuration), ...more }
  const answer = await call(world, 'POST', '/instances', { body })
  expect(answer.status).toBe(200)
  return `/instances/${answer.body.id}`
}
const draft = (configuration: object = {}) => provision(configuration, { verify: false })
const get = (path: string) => call(world, 'GET', path)
const verify = (path: string) => call(world, 'POST', `${path}/verify`)
const idOf = (path: string) => Number(path.split('/').at(-1))
const setState = (path: string, state: string) =>
  world.context.db.pool.query(
    `update instances set state = $3, state_reason = 'why', verified_at = null,
       state_since = '2020-01-01' where organization_id = $1 and id = $2`,
    [world.organizationId, idOf(path), state],
  )
const actionsOn = async (path: string) => {
  const { rows } = await world.context.db.pool.query(
    'select action from audit_entries where organization_id = $1 and instance_id = $2 order by id',
    [world.organizationId, idOf(path)],
  )
  return rows.map(({ action }) => action)
}

describe('a draft', () => {
  test('is a good instance once the vendor accepts what is stored of it', async () => {
    const path = await draft({ [username]: api2.id, [password]: api2.password })
    const before = (await get(path)).body
    expect(before).toMatchObject({ state: 'draft', valid: false, verifiedAt: null })
    const { status, body, headers } = await verify(path)
    expect({ status, etag: headers.etag }).toEqual({ status: 200, etag: '"2"' })
    expect(body).toMatchObject({
      id: before.id,
      token: before.token,
      configuration: before.configuration,
      state: 'verified',
      stateReason: null,
      valid: true,
    })
    expect(body.verifiedAt).toBe(body.stateSince)
    expect((await get(path)).body).toEqual(body)
    expect(await actionsOn(path)).toEqual(['instance.created', 'instance.verified'])
    expect(await openSecret(world, idOf(path), password)).toBe(api2.password)
  })

  test('stays one where the vendor refuses it, and says why', async () => {
    const path = await draft({ [password]: 'wrong-and-unique-41' })
    const before = (await get(path)).body
    const { status, body, text } = await verify(path)
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'credentials-rejected' })
    expect(body.providerMessage).toContain('Username or password is incorrect')
    expect(body.probe.request.body).toContain('********')
    expect(text).not.toContain('wrong-and-unique-41')
    expect((await get(path)).body).toEqual(before)
  })

  test('is changed without asking the vendor, unless the change says so', async () => {
    const path = await draft({ [password]: 'wrong' })
    const asked = world.sandbox.requests.length
    const patch = (body: object) => call(world, 'PATCH', path, { body })
    const wrong = await patch({ configuration: { [username]: 'nobody' }, name: 'Other' })
    expect(wrong.body).toMatchObject({ state: 'draft', name: 'Other' })
    expect((await patch({ verify: false, tags: ['a'] })).body.state).toBe('draft')
    expect(world.sandbox.requests.length).toBe(asked)
    const refused = await patch({ verify: true, configuration: { [username]: 'api1' } })
    expect(refused.body.code).toBe('credentials-rejected')
    expect((await get(path)).body.configuration[username]).toBe('nobody')
    const good = { [username]: 'api1', [password]: 'api1' }
    const verified = await patch({ verify: true, configuration: good })
    expect(verified.body).toMatchObject({ state: 'verified', tags: ['a'] })
  })

  test('of an element without a probe is stored as given then', async () => {
    const body = { element: { key: 'quiet' }, name: 'N', configuration: { secret: 's' } }
    const { body: made } = await call(world, 'POST', '/instances', {
      body: { ...body, verify: false },
    })
    const { body: verified } = await verify(`/instances/${made.id}`)
    expect(verified).toMatchObject({ state: 'unverified', valid: true, verifiedAt: null })
  })
})

describe('any other instance', () => {
  test('is tried, and nothing else about it changes', async () => {
    const path = await provision({ [username]: api2.id, [password]: api2.password })
    const before = (await get(path)).body
    const asked = world.sandbox.requests.length
    const { status, body, headers } = await verify(path)
    expect({ status, etag: headers.etag }).toEqual({ status: 200, etag: '"1"' })
    expect(world.sandbox.requests.length).toBe(asked + 1)
    expect(body).toEqual({ ...before, verifiedAt: expect.any(String) })
    expect(Date.parse(body.verifiedAt)).toBeGreaterThan(Date.parse(before.verifiedAt))
    expect(await actionsOn(path)).toEqual(['instance.created'])
  })

  test.each(['hang', 'drop', 'html'] as const)(
    'keeps its state where the vendor does not accept it (%s)',
    async (behaviour) => {
      await using hasty = await startWorld({ probeDeadlineMs: 400 })
      const { body: made } = await call(hasty, 'POST', '/instances', { body: helpDesk(hasty) })
      hasty.sandbox.behave(behaviour)
      const answer = await call(hasty, 'POST', `/instances/${made.id}/verify`)
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.body.probe.request.method).toBe('POST')
      expect((await call(hasty, 'GET', `/instances/${made.id}`)).body).toEqual(made)
    },
  )

  test.each(['failed', 'unverified'])('is healed where it was %s', async (state) => {
    const path = await provision()
    await setState(path, state)
    const { body, headers } = await verify(path)
    expect(body).toMatchObject({ state: 'verified', stateReason: null, valid: true })
    expect(body.stateSince).toBe(body.verifiedAt)
    expect(headers.etag).toBe('"1"')
  })

  test('that has failed stays so where the vendor refuses it again', async () => {
    const path = await provision()
    await setState(path, 'failed')
    world.sandbox.behave({ behaviour: 'status', status: 403 })
    expect((await verify(path)).body.code).toBe('vendor-unexpected')
    expect((await get(path)).body).toMatchObject({ state: 'failed', stateReason: 'why' })
  })

  test('of an element without a probe stays as it is', async () => {
    const body = { element: { key: 'quiet' }, name: 'N', configuration: { secret: 's' } }
    const { body: made } = await call(world, 'POST', '/instances', { body })
    expect((await verify(`/instances/${made.id}`)).body).toEqual(made)
  })

  test('sends no secret where it was not given for, whoever changed the address', async () => {
    await using elsewhere = await startWebServer(() => ({ status: 200 }))
    const path = await provision()
    await world.context.db.pool.query(
      `update instances set configuration = configuration || $3::jsonb
       where organization_id = $1 and id = $2`,
      [
        world.organizationId,
        idOf(path),
        JSON.stringify({ 'helpdesk.connectwise.server.url': elsewhere.url }),
      ],
    )
    const { status, body } = await verify(path)
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'secrets-required' })
    expect(body.missing.map(({ key }: { key: string }) => key)).toEqual([password])
    expect(elsewhere.received).toEqual([])
  })

  test('that is not there is not found', async () => {
    expect((await verify('/instances/999999999')).body.code).toBe('instance-not-found')
    expect((await verify('/instances/none')).body.code).toBe('parameters-invalid')
  })
})
