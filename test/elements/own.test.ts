import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { OwnDefinition } from '../../src/definition/element.ts'
import { definition } from '../definition/definition.ts'
import { type Answer, call } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { sendAs, tickets } from './tickets.ts'

let world: World
let vendor: WebServer
/** What happens while the vendor is asked. */
let whileAsked = async () => {}
/** An organization that nothing was done in yet. */
let owner: Awaited<ReturnType<World['addOrganization']>> & { url: string }
beforeAll(async () => {
  vendor = await startWebServer(async ({ headers }) => {
    await whileAsked()
    return { status: headers.authorization === 'Bearer right' ? 200 : 401 }
  })
  world = await startWorld({ definitions: [definition()], allow: [new URL(vendor.url).host] })
})
beforeEach(async () => {
  whileAsked = async () => {}
  owner = { url: world.url, ...(await world.addOrganization()) }
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const send = sendAs(() => owner)
const create = (changes: object = {}) =>
  send(200, 'POST', '/elements', tickets(vendor.url, changes)).then(({ body }) => body)
const provision = (key: string, status = 200, apiKey = 'right') =>
  send(status, 'POST', '/instances', {
    name: 'Mine',
    element: { key },
    configuration: { 'api.key': apiKey },
  })

describe('an element of the organization’s own', () => {
  test('is provisioned like one of the catalogue, and refused like it', async () => {
    const own = await create()
    expect(own).toMatchObject({ own: true, active: true, installed: false })
    expect(own.id).toBeGreaterThanOrEqual(10_000)
    expect(own.configuration.map((entry: { key: string }) => entry.key)).toEqual([
      'api.key',
      'server',
      'page',
    ])
    expect((await provision(own.key, 400, 'wrong')).body.code).toBe('credentials-rejected')
    const { body: instance } = await provision(own.key)
    expect(instance).toMatchObject({ elementId: own.id, state: 'verified' })
    expect((await send(200, 'GET', `/instances/${instance.id}`)).body).toEqual(instance)
  })

  test('is not there for any other organization, nor without access', async () => {
    const own = await create()
    const other = await world.addOrganization()
    for (const authorization of [other.authorization, null]) {
      for (const path of [own.key, own.id, `${own.key}/image`, `${own.key}/metadata`]) {
        const { status } = await call(world, 'GET', `/elements/${path}`, { authorization })
        expect([path, status]).toEqual([path, 404])
      }
      const { body } = await call(world, 'GET', '/elements/keys', { authorization })
      expect(body.map(({ id }: { id: number }) => id)).not.toContain(own.id)
    }
    const { authorization } = other
    for (const [method, path] of [
      ['PUT', `/elements/${own.id}`],
      ['DELETE', `/elements/${own.id}`],
      ['POST', `/elements/${own.id}/clone`],
      ['GET', `/elements/${own.id}/export`],
      ['DELETE', `/elements/${own.id}/active`],
      ['PUT', `/elements/${own.id}/installed`],
      ['POST', `/elements/${own.id}/test`],
    ] as const) {
      const body = method === 'GET' || method === 'DELETE' ? undefined : tickets(vendor.url)
      const { status } = await call(world, method, path, { authorization, body })
      expect([method, path, status]).toEqual([method, path, 404])
    }
    const body = { name: 'x', element: { id: own.id }, configuration: { 'api.key': 'right' } }
    const { status } = await call(world, 'POST', '/instances', { body, authorization })
    expect(status).toBe(404)
    // The same key is free for them.
    const theirs = await call(world, 'POST', '/elements', {
      body: tickets(vendor.url),
      authorization,
    })
    expect([theirs.status, theirs.body.key]).toEqual([200, own.key])
    expect(theirs.body.id).not.toBe(own.id)
  })

  test('is changed by admins alone, and read by every user', async () => {
    const own = await create()
    const { authorization } = await addColleague({ ...world, ...owner })
    for (const [method, path, body] of [
      ['POST', '/elements', tickets(vendor.url, { name: 'Another' })],
      ['PUT', `/elements/${own.key}`, tickets(vendor.url)],
      ['DELETE', `/elements/${own.key}`, undefined],
      ['POST', `/elements/${own.key}/clone`, {}],
      ['PUT', `/elements/${own.key}/active`, undefined],
      ['DELETE', `/elements/${own.key}/active`, undefined],
      ['PUT', `/elements/${own.key}/installed`, undefined],
      ['DELETE', `/elements/${own.key}/installed`, undefined],
      ['GET', `/elements/${own.key}/update`, undefined],
      ['PUT', `/elements/${own.key}/update`, undefined],
    ] as const) {
      const answer = await call(world, method, path, { authorization, body })
      expect([method, path, answer.status, answer.body.code]).toEqual([
        method,
        path,
        403,
        'role-insufficient',
      ])
    }
    for (const path of ['', '/export', '/metadata', '/configuration', '/image']) {
      const { status } = await call(world, 'GET', `/elements/${own.key}${path}`, { authorization })
      expect([path, status]).toEqual([path, 200])
    }
  })

  test('is exported as it was written, and comes back the same', async () => {
    const written: OwnDefinition = {
      ...tickets(vendor.url, { key: 'written' }),
      headers: { 'x-b': '2', 'x-a': '1', 'x-c': '3' },
    }
    await send(200, 'POST', '/elements', { $schema: 'https://x.example/schema', ...written })
    const { text, body } = await send(200, 'GET', '/elements/written/export')
    expect(body).toEqual(written)
    expect(text).toContain('"x-b":"2","x-a":"1","x-c":"3"')
    await send(200, 'DELETE', '/elements/written')
    await send(200, 'POST', '/elements', body)
    expect((await send(200, 'GET', '/elements/written/export')).text).toBe(text)
    const { body: catalogued } = await send(200, 'GET', '/elements/example/export')
    expect((await send(200, 'POST', '/elements', { ...catalogued, key: 'mine' })).body.own).toBe(
      true,
    )
  })

  test('starts as a clone of any other, with another name and key', async () => {
    const { body: first } = await send(200, 'POST', '/elements/example/clone')
    expect(first).toMatchObject({ name: 'Example copy', key: 'examplecopy', own: true })
    const { body: second } = await send(200, 'POST', '/elements/examplecopy/clone', {
      name: 'Second',
      key: 'second',
    })
    expect(second).toMatchObject({ name: 'Second', key: 'second', own: true })
    const shape = ({ body }: Answer) => ({ ...body, key: '', name: '' })
    expect(shape(await send(200, 'GET', '/elements/second/export'))).toEqual(
      shape(await send(200, 'GET', '/elements/example/export')),
    )
    for (const body of [{ key: 'Not A Key' }, { name: '' }, { name: 3 }]) {
      const refused = await send(400, 'POST', '/elements/example/clone', body)
      expect(refused.body.code).toBe('body-invalid')
    }
  })

  test('provisions nothing while it is not active; its instances stay', async () => {
    const own = await create()
    const { body: instance } = await provision(own.key)
    expect((await send(200, 'DELETE', `/elements/${own.key}/active`)).text).toBe('')
    expect((await send(200, 'GET', `/elements/${own.key}`)).body.active).toBe(false)
    const refused = await provision(own.key, 409)
    expect(refused.body.code).toBe('element-inactive')
    expect(refused.body.message).toContain(`PUT /elements/${own.key}/active`)
    await send(200, 'GET', `/instances/${instance.id}`)
    expect((await send(200, 'PUT', `/elements/${own.key}/active`)).body.active).toBe(true)
    await provision(own.key)
  })

  test('is deleted only when no instance is left, and with all its versions', async () => {
    const own = await create()
    const { body: instance } = await provision(own.key)
    await send(200, 'PUT', `/elements/${own.key}`, tickets(vendor.url, { description: 'New.' }))
    const { body } = await send(409, 'DELETE', `/elements/${own.key}`)
    expect([body.code, body.references]).toEqual([
      'element-in-use',
      [{ id: instance.id, name: 'Mine' }],
    ])
    const { pool } = world.context.db
    const values = [owner.organizationId, instance.id]
    await pool.query('delete from instances where organization_id = $1 and id = $2', values)
    expect((await send(200, 'DELETE', `/elements/${own.key}`)).text).toBe('')
    await send(404, 'GET', `/elements/${own.key}`)
    const { rows } = await pool.query(
      'select 1 from own_element_versions where organization_id = $1',
      [owner.organizationId],
    )
    expect(rows).toEqual([])
  })

  test('that is deleted while its credentials are tried leaves no instance behind', async () => {
    const own = await create()
    whileAsked = async () => {
      await send(200, 'DELETE', `/elements/${own.key}`)
    }
    const refused = await provision(own.key, 404)
    expect([refused.body.code, refused.body.message]).toEqual([
      'element-not-found',
      'The element "acmetickets" was deleted meanwhile.',
    ])
    const { rows } = await world.context.db.pool.query(
      'select 1 from instances where organization_id = $1',
      [owner.organizationId],
    )
    expect(rows).toEqual([])
  })

  test('that is changed while its credentials are tried makes an instance as it was', async () => {
    const own = await create()
    whileAsked = async () => {
      await send(200, 'PUT', `/elements/${own.key}`, tickets(vendor.url, { description: 'New.' }))
    }
    const { body } = await provision(own.key)
    expect(body.element.description).toBe(own.description)
    expect((await send(200, 'GET', `/instances/${body.id}`)).body).toEqual(body)
  })

  test('keeps its key while instances know it by that', async () => {
    const own = await create()
    const renamed = { ...tickets(vendor.url), key: 'renamed' }
    expect((await send(200, 'PUT', `/elements/${own.key}`, renamed)).body).toMatchObject({
      id: own.id,
      key: 'renamed',
    })
    await send(404, 'GET', `/elements/${own.key}`)
    await provision('renamed')
    const again = { ...renamed, key: 'again' }
    expect((await send(409, 'PUT', '/elements/renamed', again)).body.code).toBe('element-in-use')
  })

  test('is not one of the catalogue, which nobody changes', async () => {
    for (const [method, path, body] of [
      ['PUT', '/elements/example', tickets(vendor.url)],
      ['DELETE', '/elements/example', undefined],
      ['PUT', '/elements/example/active', undefined],
      ['DELETE', '/elements/example/active', undefined],
    ] as const) {
      const { body: refusal } = await send(409, method, path, body)
      expect(refusal.code).toBe('element-not-own')
      expect(refusal.message).toContain('Clone it')
    }
  })

  test('goes into a list with as many others as a page of a megabyte holds', async () => {
    const large = { method: 'POST', path: 'me', body: { json: 'x'.repeat(240_000) }, rules: [] }
    const rules = [{ when: { status: 200 }, verdict: 'verified' }]
    const keys = [1, 2, 3, 4, 5, 6].map((number) => `large${number}`)
    for (const key of keys) {
      const body = tickets(vendor.url, { key, name: 'Large', probes: [{ ...large, rules }] })
      expect((await call(owner, 'POST', '/elements', { body })).status).toBe(200)
    }
    const list = '/elements?searchText=large'
    const first = await call(owner, 'GET', list)
    expect(first.body.map(({ key }: { key: string }) => key)).toEqual(keys.slice(0, 4))
    const next = first.headers['elements-next-page-token']
    const second = await call(owner, 'GET', `${list}&nextPage=${next}`)
    expect(second.body.map(({ key }: { key: string }) => key)).toEqual(keys.slice(4))
    expect(second.headers).not.toHaveProperty('elements-next-page-token')
    for (const key of keys) await call(owner, 'DELETE', `/elements/${key}`)
  })

  test('is one of 200 at most, however many are made at once', async () => {
    const { pool } = world.context.db
    await pool.query(
      `insert into own_elements (organization_id, id, key, version, name, hub, description, size)
       select $1, nextval('own_elements_id_seq'), 'filler' || n, 'none', 'Filler', 'general', 'x', 9
       from generate_series(1, 198) n`,
      [owner.organizationId],
    )
    const answers = await Promise.all(
      [1, 2, 3, 4, 5].map((number) =>
        call(owner, 'POST', '/elements', { body: tickets(vendor.url, { key: `more${number}` }) }),
      ),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 409, 409, 409])
    const refused = answers.find(({ status }) => status === 409)
    expect(refused?.body.code).toBe('elements-too-many')
  })

  test('leaves an audit entry with every change', async () => {
    await create()
    await send(200, 'PUT', '/elements/acmetickets', tickets(vendor.url, { description: 'New.' }))
    await send(200, 'DELETE', '/elements/acmetickets/active')
    await send(200, 'PUT', '/elements/acmetickets/active')
    await send(200, 'DELETE', '/elements/acmetickets')
    const { rows } = await world.context.db.pool.query(
      `select action, user_id, detail->>'key' as key from audit_entries
       where organization_id = $1 and action like 'element.%' order by id`,
      [owner.organizationId],
    )
    expect(rows.map(({ action }) => action)).toEqual(
      ['created', 'changed', 'deactivated', 'activated', 'deleted'].map(
        (what) => `element.${what}`,
      ),
    )
    expect(new Set(rows.map(({ key, user_id }) => `${key} ${user_id}`))).toEqual(
      new Set([`acmetickets ${owner.userId}`]),
    )
  })
})
