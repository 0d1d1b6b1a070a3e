import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call, helpDesk } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { elementWithoutProbe } from '../support/elements.ts'
import { startWorld, type World } from '../support/world.ts'
import { draft, idsOf } from './drafts.ts'

let world: World
beforeAll(async () => {
  world = await startWorld({ definitions: [elementWithoutProbe] })
})
afterAll(() => world[Symbol.asyncDispose]())

/** An organization of the test's own. */
const anew = async () => ({ ...world, ...(await world.addOrganization()) })
const list = (of: Pick<World, 'url' | 'authorization'>, query = '', place = '/instances') =>
  call(of, 'GET', `${place}?${query}`)
const quiet = { element: 'quiet', configuration: { secret: 'swordfish-swordfish' } }

describe('a list of instances', () => {
  test('is empty, and no 404, where there is none', async () => {
    const { status, text, headers } = await list(await anew())
    expect({ status, text }).toEqual({ status: 200, text: '[]' })
    expect(headers['elements-returned-count']).toBe('0')
    expect(headers['elements-total-count']).toBe('0')
    expect(headers['elements-next-page-token']).toBeUndefined()
  })

  test('has each instance as it is read by itself, its token too, secrets as stars', async () => {
    const own = await anew()
    const { body: provisioned } = await call(own, 'POST', '/instances', { body: helpDesk(own) })
    const { body, text } = await list(own)
    expect(body).toEqual([(await call(own, 'GET', `/instances/${provisioned.id}`)).body])
    expect(body[0].token).toBe(provisioned.token)
    expect(body[0].configuration['helpdesk.connectwise.password']).toBe('********')
    expect(text).not.toContain('$token')
  })

  test('in its light form goes without configuration, settings and warnings', async () => {
    const own = await anew()
    const { id, token } = await draft(own, { name: 'N', tags: ['a'], externalId: 'x' })
    const { body } = await list(own, 'hydrate=false')
    expect(body).toEqual([
      expect.objectContaining({ id, token, name: 'N', tags: ['a'], valid: false, state: 'draft' }),
    ])
    expect(body[0].user.id).toBe(own.userId)
    expect(Object.keys(body[0].element)).toEqual(['id', 'key', 'name', 'hub', 'image'])
    for (const member of ['configuration', 'settings', 'warnings']) {
      expect(body[0]).not.toHaveProperty(member)
    }
  })

  test('says when an instance was called through last, where it is asked for', async () => {
    const own = await anew()
    const { id: used, token } = await draft(own)
    const { id: unused } = await draft(own)
    const authorization = `${own.authorization}, Element ${token}`
    await call(own, 'GET', '/instances', { authorization })
    await world.context.tokenUses.flush()
    const { body } = await list(own, 'lastUsed=true&hydrate=false')
    expect(
      body.map(({ id, lastUsedAt }: { id: number; lastUsedAt: string }) => [id, lastUsedAt]),
    ).toEqual([
      [used, expect.stringMatching(/^\d{4}-.*Z$/)],
      [unused, null],
    ])
    expect((await list(own)).body[0]).not.toHaveProperty('lastUsedAt')
  })

  test('holds nothing of another user or another organization', async () => {
    const own = await anew()
    const { id } = await draft(own, { tags: ['mine'], externalId: 'e-1' })
    const colleague = await addColleague(own)
    const { authorization } = colleague
    const other = await draft({ ...own, authorization }, { tags: ['mine'], externalId: 'e-1' })
    await draft(await anew(), { tags: ['mine'], externalId: 'e-1' })
    for (const query of [
      '',
      'tags=mine',
      'externalId=e-1',
      'searchText=test',
      'state=draft',
      'hub=helpdesk',
      'element=117',
    ]) {
      expect([query, idsOf(await list(own, query))]).toEqual([query, [id]])
      const theirs = await list({ ...own, authorization }, query)
      expect([query, idsOf(theirs)]).toEqual([query, [other.id]])
      expect(theirs.body[0].user.id).toBe(colleague.userId)
    }
  })

  test('works with and without the prefix of Cloud Elements', async () => {
    const own = await anew()
    const { id } = await draft(own)
    expect(idsOf(await list(own, '', '/elements/api-v2/instances'))).toEqual([id])
    const path = '/elements/api-v2/elements/connectwisehd/instances'
    expect(idsOf(await list(own, '', path))).toEqual([id])
  })
})

describe('a filter', () => {
  let own: World
  const ids: Record<string, number> = {}
  beforeAll(async () => {
    own = await anew()
    const drafts = {
      acme: { name: 'Acme help desk', tags: ['emea', 'gold'], externalId: 'customer-1' },
      globex: { name: 'GLOBEX Ärzte', tags: ['emea', 'a&b'], externalId: 'customer-1' },
      initech: { name: 'Initech', tags: ['apac', 'gold'], externalId: 'customer-2' },
      quiet: { name: 'Hush', tags: ['emea'], ...quiet },
    }
    for (const [key, given] of Object.entries(drafts)) ids[key] = (await draft(own, given)).id
  })
  const named = (...keys: string[]) => keys.map((key) => ids[key])

  test.each([
    ['tags[]=emea', ['acme', 'globex', 'quiet']],
    ['tags=emea', ['acme', 'globex', 'quiet']],
    ['tags%5B%5D=emea&tags%5B%5D=gold', ['acme']],
    ['tags[]=emea&tags=gold', ['acme']],
    ['tags[]=a%26b', ['globex']],
    ['tags[]=EMEA', []],
    ['tags[]=eme', []],
    ['searchText=ACME', ['acme']],
    ['searchText=help%20d', ['acme']],
    ['searchText=%C3%A4rz', ['globex']],
    ['searchText=e', ['acme', 'globex', 'initech', 'quiet']],
    ['searchText=dh', []],
    ['searchText=hd', ['acme', 'globex', 'initech']],
    ['searchText=WiseHD', ['acme', 'globex', 'initech']],
    ['searchText=quie', ['quiet']],
    ['searchText=%25', []],
    ['searchText=_cme', []],
    ['searchText=', ['acme', 'globex', 'initech', 'quiet']],
    ['externalId=customer-1', ['acme', 'globex']],
    ['externalId=customer', []],
    ['element=quiet', ['quiet']],
    ['element=9001', ['quiet']],
    ['hub=helpdesk', ['acme', 'globex', 'initech']],
    ['hub=general&element=connectwisehd', []],
    ['hub=nothing-of-the-kind', []],
    ['state=draft', ['acme', 'globex', 'initech', 'quiet']],
    ['state=verified', []],
    ['state=disabled', []],
    ['tags[]=emea&searchText=acme', ['acme']],
    ['tags[]=emea&searchText=connectwise&externalId=customer-1', ['acme', 'globex']],
    ['tags[]=gold&externalId=customer-2', ['initech']],
    ['tags[]=emea&element=quiet&state=draft', ['quiet']],
    ['externalId=customer-1&searchText=glob', ['globex']],
    ['element=connectwisehd&searchText=hush', []],
    ['hub=helpdesk&state=draft', ['acme', 'globex', 'initech']],
  ])('%s passes what it names, with the others beside it', async (query, expected) => {
    const { status, body, headers } = await list(own, query)
    expect({ status, ids: body.map((one: { id: number }) => one.id) }).toEqual({
      status: 200,
      ids: named(...expected),
    })
    expect(headers['elements-total-count']).toBe(String(expected.length))
  })

  test('of the path passes the instances of that element, with the others beside it', async () => {
    const path = '/elements/connectwisehd/instances'
    expect(idsOf(await list(own, '', path))).toEqual(named('acme', 'globex', 'initech'))
    expect(idsOf(await list(own, 'tags[]=gold', path))).toEqual(named('acme', 'initech'))
    expect(idsOf(await list(own, '', '/elements/9001/instances'))).toEqual(named('quiet'))
  })

  test('that names no element is refused with the nearest keys', async () => {
    for (const [query, path] of [
      ['element=quite', '/instances'],
      ['', '/elements/quite/instances'],
    ] as const) {
      const { status, body } = await list(own, query, path)
      expect([status, body.code]).toEqual([404, 'element-not-found'])
      expect(body.choices).toContain('quiet')
    }
  })

  test.each([
    'pageSize=0',
    'pageSize=201',
    'pageSize=x',
    'nextPage=x',
    'nextPage=MA',
    'hydrate=perhaps',
    'state=tired',
    'externalId=',
    'searchText=a%00b',
    'tags[]=a%00b',
    'externalId=%00',
    'element=%00',
    `tags[]=${'x'.repeat(256)}`,
    `searchText=${'x'.repeat(256)}`,
  ])('that cannot be used is refused: %s', async (query) => {
    const { status, body } = await list(own, query)
    expect([status, body.code]).toEqual([400, 'parameters-invalid'])
  })
})

describe('the pages of a list', () => {
  let own: World
  let ids: number[]
  beforeAll(async () => {
    own = await anew()
    ids = []
    for (let at = 0; at < 25; at++) {
      ids.push(
        (
          await draft(own, {
            name: `Customer ${at % 2 ? 'odd' : 'even'}`,
            tags: ['all', `t${at % 2}`],
            externalId: 'same',
          })
        ).id,
      )
    }
  })

  async function walk(query: string) {
    const pages: number[][] = []
    for (let next: string | undefined; ; ) {
      const more = next === undefined ? '' : `&nextPage=${next}`
      const { headers, body } = await list(own, `${query}${more}`)
      pages.push(body.map(({ id }: { id: number }) => id))
      expect(headers['elements-returned-count']).toBe(String(body.length))
      next = headers['elements-next-page-token'] as string | undefined
      if (next === undefined) return pages
    }
  }

  test.each([
    '',
    'tags[]=all',
    'searchText=customer',
    'searchText=connectwise',
    'externalId=same',
    'element=117',
    'state=draft',
  ])('follow each other without a gap or a repetition: %s', async (query) => {
    const pages = await walk(`pageSize=10&${query}`)
    expect(pages.map(({ length }) => length)).toEqual([10, 10, 5])
    expect(pages.flat()).toEqual(ids)
  })

  test('end with a full one where nothing is left', async () => {
    expect(await walk('pageSize=25')).toEqual([ids])
    expect(await walk('pageSize=5')).toHaveLength(5)
  })

  test('say how many there are in all, on every page', async () => {
    const first = await list(own, 'pageSize=3&tags[]=t1')
    expect(first.headers['elements-total-count']).toBe('12')
    const token = first.headers['elements-next-page-token']
    const second = await list(own, `pageSize=3&tags[]=t1&nextPage=${token}`)
    expect(second.headers['elements-total-count']).toBe('12')
  })
})

describe('what changes an instance', () => {
  test('changes where its tags, its name and its state lead', async () => {
    const own = await anew()
    const { id } = await draft(own, { name: 'Before', tags: ['before', 'both'] })
    const path = `/instances/${id}`
    const body = { name: 'After', tags: ['after', 'both'], externalId: 'x-9' }
    expect((await call(own, 'PATCH', path, { body })).status).toBe(200)
    for (const [query, found] of [
      ['tags[]=before', []],
      ['tags[]=after', [id]],
      ['tags[]=both', [id]],
      ['searchText=before', []],
      ['searchText=after', [id]],
      ['externalId=x-9', [id]],
    ] as const) {
      expect([query, idsOf(await list(own, query))]).toEqual([query, found])
    }
    await call(own, 'DELETE', `${path}/enabled`)
    expect(idsOf(await list(own, 'state=disabled'))).toEqual([id])
    await call(own, 'PATCH', path, { body: { tags: [] } })
    expect(idsOf(await list(own, 'tags[]=both'))).toEqual([])
    await call(own, 'DELETE', path)
    expect((await list(own)).text).toBe('[]')
    const { rows } = await own.context.db.pool.query(
      'select from instance_tags where organization_id = $1',
      [own.organizationId],
    )
    expect(rows).toEqual([])
  })
})

test('instances that are handed over are found by their new user alone, by tag and by name', async () => {
  const own = await anew()
  const { authorization, userId } = await addColleague(own)
  const { id } = await draft({ ...own, authorization }, { name: 'Handed over', tags: ['moved'] })
  const path = `/users/${userId}?reassignTo=${own.userId}`
  expect((await call(own, 'DELETE', path)).status).toBe(200)
  for (const query of ['tags[]=moved', 'searchText=handed', 'element=117']) {
    expect([query, idsOf(await list(own, query))]).toEqual([query, [id]])
  }
  const { rows } = await own.context.db.pool.query(
    'select user_id from instance_tags where organization_id = $1',
    [own.organizationId],
  )
  expect(rows).toEqual([{ user_id: own.userId }])
})

describe('the count', () => {
  test('is of the caller’s own instances, by the keys of their elements', async () => {
    const own = await anew()
    expect((await call(own, 'GET', '/instances/count')).body).toEqual({
      totalInstances: 0,
      elementInstances: {},
      complete: true,
    })
    await draft(own)
    await draft(own)
    await draft(own, quiet)
    const { authorization } = await addColleague(own)
    await draft({ ...own, authorization })
    expect((await call(own, 'GET', '/instances/count')).body).toEqual({
      totalInstances: 3,
      elementInstances: { connectwisehd: 2, quiet: 1 },
      complete: true,
    })
  })
})
