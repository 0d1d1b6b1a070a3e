import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Answer, call } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { elementWithoutProbe } from '../support/elements.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

const revised = { ...elementWithoutProbe, description: 'As the next release has it.' }

let world: World
let owner: Awaited<ReturnType<World['addOrganization']>> & { url: string }
beforeAll(async () => {
  world = await startWorld({ definitions: [elementWithoutProbe] })
})
beforeEach(async () => {
  owner = { url: world.url, ...(await world.addOrganization()) }
})
afterAll(() => world[Symbol.asyncDispose]())

const read = async (where: Pick<World, 'url'> = world): Promise<Answer['body']> =>
  (await call({ ...owner, url: where.url }, 'GET', '/elements/quiet')).body

async function provision(where: Pick<World, 'url'> = world): Promise<Answer['body']> {
  const body = { name: 'Mine', element: { key: 'quiet' }, configuration: { secret: 'secret' } }
  const answer = await call({ ...owner, url: where.url }, 'POST', '/instances', { body })
  expect(answer.status).toBe(200)
  return answer.body
}

/** The service of another release, on the same database. */
const startRelease = (definition: object) =>
  startWorld({
    databaseUrl: world.databaseUrl,
    env: { LATCHKEY_KEYS: world.keys },
    definitions: [definition],
  })

const versionOf = async (instanceId: number): Promise<string> => {
  const { rows } = await world.context.db.pool.query(
    'select element_version from instances where organization_id = $1 and id = $2',
    [owner.organizationId, instanceId],
  )
  return rows[0].element_version
}

test('an element that does not exist is not installed, nor one removed that is not installed', async () => {
  const unknown = await call(owner, 'PUT', '/elements/nothing/installed')
  expect([unknown.status, unknown.body.code]).toEqual([404, 'element-not-found'])
  const { status, body } = await call(owner, 'DELETE', '/elements/quiet/installed')
  expect([status, body.code]).toEqual([409, 'element-not-installed'])
})

test('an element is not removed while instances use it, whoever’s they are', async () => {
  const colleague = await addColleague({ ...world, ...owner })
  const { authorization } = colleague
  const body = { name: 'Theirs', configuration: { secret: 'x' } }
  const made = await call(owner, 'POST', '/elements/quiet/instances', { body, authorization })
  const refused = await call(owner, 'DELETE', '/elements/quiet/installed')
  expect([refused.status, refused.body.code, refused.body.references]).toEqual([
    409,
    'element-in-use',
    [{ id: made.body.id, name: 'Theirs' }],
  ])
  expect((await read()).installed).toBe(true)
})

test('what an organization uses is a list of its own, which another does not share', async () => {
  const list = async (authorization: string) =>
    (await call(world, 'GET', '/elements/keys?installed=true', { authorization })).body
  expect(await list(owner.authorization)).toEqual([])
  const { status, body } = await call(owner, 'PUT', '/elements/quiet/installed')
  expect([status, body.installed, body.updateAvailable]).toEqual([200, true, false])
  expect(await list(owner.authorization)).toEqual([
    { id: 9001, key: 'quiet', name: 'Quiet', hub: 'general' },
  ])
  expect(await list((await world.addOrganization()).authorization)).toEqual([])
  const removed = await call(owner, 'DELETE', '/elements/quiet/installed')
  expect([removed.status, removed.text]).toEqual([200, ''])
  expect(await list(owner.authorization)).toEqual([])
})

test('provisioning installs by itself, once, and a refusal installs nothing', async () => {
  const body = { name: 'Mine', configuration: {} }
  const refused = await call(owner, 'POST', '/elements/quiet/instances', { body })
  expect([refused.status, (await read()).installed]).toEqual([400, false])
  await Promise.all([provision(), provision(), provision()])
  expect((await read()).installed).toBe(true)
  const { rows } = await world.context.db.pool.query(
    "select user_id from audit_entries where organization_id = $1 and action = 'element.installed'",
    [owner.organizationId],
  )
  expect(rows).toEqual([{ user_id: owner.userId }])
})

test('two releases side by side change no instance, and new ones get what is installed', async () => {
  const first = await provision()
  const { version } = await read()
  await using next = await startRelease(revised)
  expect((await call(next, 'GET', `/instances/${first.id}`, owner)).body).toEqual(first)
  const offered = await read(next)
  expect(offered).toMatchObject({ version, updateAvailable: true })
  expect(offered.description).toBe(elementWithoutProbe.description)
  const second = await provision(next)
  expect([await versionOf(first.id), await versionOf(second.id)]).toEqual([version, version])
  // Who has not used it yet begins with what the release brings.
  const newcomer = await world.addOrganization()
  const fresh = await call(next, 'GET', '/elements/quiet', newcomer)
  expect([fresh.body.description, fresh.body.updateAvailable]).toEqual([revised.description, false])
  const updated = await call({ ...owner, url: next.url }, 'PUT', '/elements/quiet/update')
  expect(updated.body).toMatchObject({ from: version, to: fresh.body.version, moved: 2, kept: 0 })
  // The older release, which never brought that version, serves it all the same.
  const { element } = (await call(owner, 'GET', `/instances/${first.id}`)).body
  expect(element.description).toBe(revised.description)
  await until(async () => (await read()).description === revised.description)
})

test('what one process installs or makes is soon known to another', async () => {
  await using next = await startRelease(elementWithoutProbe)
  expect((await read(next)).installed).toBe(false)
  await call(owner, 'PUT', '/elements/quiet/installed')
  await until(async () => (await read(next)).installed)
  const clone = await call(owner, 'POST', '/elements/quiet/clone', { body: { key: 'mine' } })
  expect(clone.status).toBe(200)
  const ask = async () => (await call(next, 'GET', '/elements/mine', owner)).status
  await until(async () => (await ask()) === 200)
  await call(owner, 'DELETE', '/elements/mine')
  await until(async () => (await ask()) === 404)
})

test('provisioning what is installed asks for nothing more, unless the database is not heard', async () => {
  const { pool } = world.context.db
  const looks = async () => {
    const sent: string[] = []
    const query = pool.query.bind(pool)
    pool.query = ((...args: never[]) => {
      sent.push(JSON.stringify(args))
      return (query as (...all: never[]) => unknown)(...args)
    }) as typeof pool.query
    await provision().finally(() => {
      pool.query = query as typeof pool.query
    })
    return sent.filter((text) => /find-inventory|install-element/.test(text)).length
  }
  expect(await looks()).toBe(2)
  await until(async () => (await looks()) === 0)
  await pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'latchkey listener' and datname = current_database()`,
  )
  await until(async () => (await looks()) === 1)
  await until(async () => (await looks()) === 0)
})
