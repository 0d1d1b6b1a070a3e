import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call, countStored, helpDesk } from '../support/client.ts'
import { consentElement } from '../support/consent-elements.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld({ definitions: [consentElement(9841, 'coded')], allow: ['127.0.0.1'] })
})
afterAll(() => world[Symbol.asyncDispose]())

async function provision(): Promise<string> {
  const { body } = await call(world, 'POST', '/instances', { body: helpDesk(world) })
  return `/instances/${body.id}`
}
const actionsOn = async (path: string) => {
  const { rows } = await world.context.db.pool.query(
    `select action, user_id from audit_entries
     where organization_id = $1 and instance_id = $2 order by id`,
    [world.organizationId, path.split('/').at(-1)],
  )
  return rows.map((row) => [row.action, row.user_id])
}

describe('an instance that is deleted', () => {
  test('is gone with its secrets and its token, and the audit tells', async () => {
    const path = await provision()
    const before = await countStored(world)
    const { status, text } = await call(world, 'DELETE', path)
    expect({ status, text }).toEqual({ status: 200, text: '' })
    expect(await countStored(world)).toEqual({
      ...before,
      instances: Number(before.instances) - 1,
      secrets: Number(before.secrets) - 2,
      tokens: Number(before.tokens) - 1,
      audit: Number(before.audit) + 1,
    })
    expect(await actionsOn(path)).toEqual([
      ['instance.created', world.userId],
      ['instance.deleted', world.userId],
    ])
    for (const method of ['GET', 'DELETE', 'PATCH'] as const) {
      const body = method === 'PATCH' ? { body: { name: 'N' } } : {}
      expect((await call(world, method, path, body)).body.code).toBe('instance-not-found')
    }
  })

  test('leaves nothing of a consent that is under way for it', async () => {
    const configuration = { server: 'http://127.0.0.1:9', id: 'app', secret: 'app-secret-0123' }
    const draft = { element: { key: 'coded' }, name: 'N', verify: false, configuration }
    const { body: made } = await call(world, 'POST', '/instances', { body: draft })
    const before = await countStored(world)
    const query = new URLSearchParams({
      apiKey: 'app',
      apiSecret: 'app-secret-0123',
      server: 'http://127.0.0.1:9',
      callbackUrl: 'https://app.example/callback',
      instanceId: String(made.id),
    })
    expect((await call(world, 'GET', `/elements/coded/oauth/url?${query}`)).status).toBe(200)
    expect(Number((await countStored(world)).secrets)).toBeGreaterThan(Number(before.secrets))
    expect((await call(world, 'DELETE', `/instances/${made.id}`)).status).toBe(200)
    const { rows } = await world.context.db.pool.query(
      `select owner from secrets where organization_id = $1 and owner like 'authorization/%'`,
      [world.organizationId],
    )
    expect(rows).toEqual([])
  })

  test('is left where it is not the one that If-Match names', async () => {
    const path = await provision()
    const answer = await call(world, 'DELETE', path, { headers: { 'if-match': '"2"' } })
    expect({ status: answer.status, code: answer.body.code }).toEqual({
      status: 412,
      code: 'instance-changed',
    })
    expect((await call(world, 'GET', path)).status).toBe(200)
  })

  test('while it is being changed is gone all the same', async () => {
    const path = await provision()
    const configuration = { 'helpdesk.connectwise.password': 'api1' }
    const [changed, deleted] = await Promise.all([
      call(world, 'PATCH', path, { body: { configuration } }),
      call(world, 'DELETE', path),
    ])
    expect(deleted.status).toBe(200)
    expect([200, 404]).toContain(changed.status)
    expect((await call(world, 'GET', path)).status).toBe(404)
    const { rows } = await world.context.db.pool.query(
      'select entry from secrets where organization_id = $1 and owner = $2',
      [world.organizationId, path.slice(1).replace('instances', 'instance')],
    )
    expect(rows).toEqual([])
  })
})

test('an instance is disabled and enabled again, once however often it is asked for', async () => {
  const path = await provision()
  for (const [method, disabled, etag] of [
    ['DELETE', true, '"2"'],
    ['DELETE', true, '"2"'],
    ['PUT', false, '"3"'],
    ['PUT', false, '"3"'],
  ] as const) {
    const answer = await call(world, method, `${path}/enabled`)
    expect({ status: answer.status, etag: answer.headers.etag }).toEqual({ status: 200, etag })
    if (method === 'DELETE') expect(answer.text).toBe('')
    else expect(answer.body.disabled).toBe(false)
    expect((await call(world, 'GET', path)).body).toMatchObject({ disabled, state: 'verified' })
  }
  expect((await actionsOn(path)).map(([action]) => action)).toEqual([
    'instance.created',
    'instance.disabled',
    'instance.enabled',
  ])
})
