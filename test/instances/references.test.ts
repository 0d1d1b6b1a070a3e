import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call, helpDesk } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { elementWithoutProbe } from '../support/elements.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld({ definitions: [elementWithoutProbe] })
})
afterAll(() => world[Symbol.asyncDispose]())

async function provision(more: object = {}): Promise<number> {
  const body = { ...helpDesk(world), ...more }
  const answer = await call(world, 'POST', '/instances', { body })
  expect(answer.status, answer.text).toBe(200)
  return answer.body.id
}
const of = (id: number, name = '') => `/instances/${id}/references${name && `/${name}`}`
const put = (id: number, name: string, body?: unknown) =>
  call(world, 'PUT', of(id, name), body === undefined ? {} : { body })
const namesOf = async (id: number) =>
  (await call(world, 'GET', of(id))).body.map((reference: { name: string }) => reference.name)
const replace = (id: number, by: number) =>
  call(world, 'POST', `/instances/${id}/replace`, { body: { by } })
const actionsOn = async (id: number) => {
  const { rows } = await world.context.db.pool.query(
    `select action, detail from audit_entries
     where organization_id = $1 and instance_id = $2 order by id`,
    [world.organizationId, id],
  )
  return rows.map(({ action, detail }) => [action, detail])
}

describe('what uses an instance', () => {
  test('is noted with an address and a description, or without both', async () => {
    const id = await provision()
    expect((await call(world, 'GET', of(id))).body).toEqual([])
    const said = { url: 'https://app.example.com/flows/7', description: 'Orders to the ERP' }
    const full = await put(id, 'flow%207', said)
    expect(full).toMatchObject({ status: 200, body: { name: 'flow 7', ...said } })
    const bare = await put(id, 'agent')
    expect(bare.body).toMatchObject({ name: 'agent', url: null, description: null })
    expect((await call(world, 'GET', of(id))).body).toEqual([bare.body, full.body])
    expect(await actionsOn(id)).toEqual([
      ['instance.created', {}],
      ['instance.reference-added', { reference: 'flow 7' }],
      ['instance.reference-added', { reference: 'agent' }],
    ])
  })

  test('may be said again, and is told once; another word of it is a change', async () => {
    const id = await provision()
    const first = await put(id, 'flow', { description: 'One' })
    expect((await put(id, 'flow', { description: 'One' })).body).toEqual(first.body)
    const second = await put(id, 'flow', { description: 'Two' })
    expect(second.body).toMatchObject({ createdDate: first.body.createdDate, description: 'Two' })
    expect((await actionsOn(id)).map(([action]) => action)).toEqual([
      'instance.created',
      'instance.reference-added',
      'instance.reference-changed',
    ])
    const { headers } = await call(world, 'GET', `/instances/${id}`)
    expect(headers.etag).toBe('"1"')
  })

  test.each([
    [{ url: 'javascript:alert(1)' }, 'body-invalid'],
    [{ url: 'app/flows' }, 'body-invalid'],
    [{ description: 'a\0b' }, 'body-invalid'],
    [{ url: 7 }, 'body-invalid'],
    [{ link: 'https://app.example.com' }, 'body-invalid'],
    [{ description: 'x'.repeat(1001) }, 'body-invalid'],
  ])('is refused where it is %j', async (body, code) => {
    const id = await provision()
    const refused = await put(id, 'flow', body)
    expect([refused.status, refused.body.code]).toEqual([400, code])
    expect(await namesOf(id)).toEqual([])
  })

  test('has a name of 255 characters at most, and there are a hundred of them at most', async () => {
    const id = await provision()
    expect((await put(id, 'x'.repeat(256))).body.code).toBe('parameters-invalid')
    expect((await put(id, 'a%00b')).body.code).toBe('parameters-invalid')
    for (let at = 0; at < 100; at += 1) expect((await put(id, `flow-${at}`)).status).toBe(200)
    const refused = await put(id, 'one-more')
    expect([refused.status, refused.body.code]).toEqual([409, 'references-too-many'])
    expect((await put(id, 'flow-7', { description: 'Still' })).status).toBe(200)
  })

  test('is nobody else’s to see, to say or to take away', async () => {
    const id = await provision()
    await put(id, 'flow')
    const strangers = [await world.addOrganization(), await addColleague(world)]
    for (const { authorization } of strangers) {
      const answers = [
        await call(world, 'GET', of(id), { authorization }),
        await call(world, 'PUT', of(id, 'flow'), { authorization }),
        await call(world, 'DELETE', of(id, 'flow'), { authorization }),
        await call(world, 'POST', `/instances/${id}/replace`, { authorization, body: { by: id } }),
      ]
      expect(answers.map(({ body }) => body.code)).toEqual(answers.map(() => 'instance-not-found'))
    }
    expect(await namesOf(id)).toEqual(['flow'])
  })
})

describe('an instance that is used', () => {
  test('is not deleted, and the refusal says by what', async () => {
    const id = await provision()
    const said = { url: 'https://app.example.com/flows/7', description: 'Orders' }
    await put(id, 'flow-7', said)
    await put(id, 'agent')
    const { status, body } = await call(world, 'DELETE', `/instances/${id}`)
    expect([status, body.code]).toEqual([409, 'instance-in-use'])
    expect(body.message).toContain('"agent", "flow-7"')
    expect(body.references).toEqual([
      { name: 'agent', url: null, description: null },
      { name: 'flow-7', ...said },
    ])
    expect((await call(world, 'GET', `/instances/${id}`)).status).toBe(200)
    for (const name of ['flow-7', 'agent']) {
      expect((await call(world, 'DELETE', of(id, name))).status).toBe(200)
    }
    const again = await call(world, 'DELETE', of(id, 'agent'))
    expect([again.status, again.body.code]).toEqual([404, 'reference-not-found'])
    expect((await call(world, 'DELETE', `/instances/${id}`)).status).toBe(200)
    expect((await actionsOn(id)).map(([action]) => action).slice(-2)).toEqual([
      'instance.reference-removed',
      'instance.deleted',
    ])
  })

  test('stays whole, or is gone with a refusal, whoever comes first', async () => {
    for (let round = 0; round < 10; round += 1) {
      const id = await provision()
      const [put_, deleted] = await Promise.all([
        put(id, 'flow'),
        call(world, 'DELETE', `/instances/${id}`),
      ])
      expect([
        [200, 409],
        [404, 200],
      ]).toContainEqual([put_.status, deleted.status])
    }
  })

  test('goes with its references where its user is erased or the organization', async () => {
    const id = await provision()
    await put(id, 'flow')
    const { pool } = world.context.db
    await pool.query('delete from instances where organization_id = $1 and id = $2', [
      world.organizationId,
      id,
    ])
    const { rows } = await pool.query(
      'select from instance_references where organization_id = $1 and instance_id = $2',
      [world.organizationId, id],
    )
    expect(rows).toEqual([])
  })
})

describe('another instance takes the place', () => {
  test('of one with all that uses it, in one step', async () => {
    const [old, next] = [await provision(), await provision()]
    for (const name of ['a', 'b']) await put(old, name, { description: 'old' })
    await put(next, 'b', { description: 'own' })
    const { status, body } = await replace(old, next)
    expect(status).toBe(200)
    expect(body).toMatchObject([
      { name: 'a', description: 'old' },
      { name: 'b', description: 'own' },
    ])
    expect(await namesOf(old)).toEqual([])
    expect((await actionsOn(old)).at(-1)).toEqual([
      'instance.replaced',
      { by: next, references: 2 },
    ])
    expect((await actionsOn(next)).at(-1)).toEqual([
      'instance.references-taken',
      { from: old, references: 2 },
    ])
    expect((await call(world, 'DELETE', `/instances/${old}`)).status).toBe(200)
    expect((await call(world, 'DELETE', `/instances/${next}`)).status).toBe(409)
  })

  test('and nothing is told where nothing used it', async () => {
    const [old, next] = [await provision(), await provision()]
    expect((await replace(old, next)).body).toEqual([])
    expect(await actionsOn(old)).toHaveLength(1)
  })

  test('only where it can do what the other did', async () => {
    const old = await provision()
    await put(old, 'flow')
    const disabled = await provision()
    await call(world, 'DELETE', `/instances/${disabled}/enabled`)
    const failed = await provision()
    await world.context.db.pool.query("update instances set state = 'failed' where id = $1", [
      failed,
    ])
    const other = { element: { key: 'quiet' }, configuration: { secret: 's' } }
    const unfit: [number, string][] = [
      [old, 'is the same one'],
      [await provision({ verify: false }), 'is a draft'],
      [await provision(other), 'is of another element'],
      [disabled, 'is disabled'],
      [failed, 'has failed'],
    ]
    for (const [by, why] of unfit) {
      const { status, body } = await replace(old, by)
      expect([status, body.code]).toEqual([409, 'replacement-unfit'])
      expect(body.message).toContain(why)
    }
    const unknown = await replace(old, 999_999_999)
    expect([unknown.status, unknown.body.code]).toEqual([404, 'instance-not-found'])
    const foreign = await world.addOrganization()
    const theirs = await call({ ...world, ...foreign }, 'POST', '/instances', {
      body: helpDesk(world),
    })
    expect((await replace(old, theirs.body.id)).status).toBe(404)
    for (const body of [{}, { by: '7' }, { by: 7, force: true }]) {
      const refused = await call(world, 'POST', `/instances/${old}/replace`, { body })
      expect(refused.body.code).toBe('body-invalid')
    }
    expect(await namesOf(old)).toEqual(['flow'])
  })

  test('also where two go in opposite directions at once', async () => {
    const [one, two] = [await provision(), await provision()]
    await put(one, 'a')
    await put(two, 'b')
    const answers = await Promise.all([replace(one, two), replace(two, one)])
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect([...(await namesOf(one)), ...(await namesOf(two))].sort()).toEqual(['a', 'b'])
  })
})
