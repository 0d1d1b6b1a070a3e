import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { call } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'
import { draft, idsOf } from './drafts.ts'
import { seed } from './seed.ts'

let world: World
let ids: number[]
let token: string
const first = ['Acme', 'Globex', 'Initech', 'Hooli', 'Umbrella']

beforeAll(async () => {
  world = await startWorld()
  ids = await seed(world, 6000, (at) => ({
    name: `${first[at % 5]} help desk ${at % 3 ? '' : `n° ${at}`}`.trim(),
    tags: [at % 2 ? 'odd' : 'even', ...(at % 1000 === 7 ? ['rare'] : [])],
  }))
  for (let other = 0; other < 3; other++) {
    await seed({ ...world, ...(await world.addOrganization()) }, 5000, (at) => ({
      name: `Acme of somebody else ${at}`,
      tags: ['even', 'rare'],
    }))
  }
  const made = await draft(world, { name: 'Zaphod', tags: ['rare'], externalId: 'one' })
  ids.push(made.id)
  token = made.token
  await world.context.db.pool.query('vacuum analyze')
})
afterAll(() => world[Symbol.asyncDispose]())

const list = (query: string) => call(world, 'GET', `/instances?pageSize=50&${query}`)

describe('among thousands', () => {
  test.each([
    ['hardly anything', 'zaphod', (at: number) => at === 6000],
    ['one in three', 'n°', (at: number) => at < 6000 && at % 3 === 0],
    ['one in five', 'acme', (at: number) => at < 6000 && at % 5 === 0],
    ['nearly all', 'help desk', (at: number) => at < 6000],
    [
      'a few, far behind',
      'n° 5',
      (at: number) => at < 6000 && at % 3 === 0 && /^5/.test(String(at)),
    ],
    [
      'a letter and a digit',
      '9',
      (at: number) => at < 6000 && at % 3 === 0 && /9/.test(String(at)),
    ],
    ['nothing', 'magrathea', () => false],
  ])('a search finds %s, page by page', async (_, text, passes) => {
    const expected = ids.filter((_, at) => passes(at))
    const query = `searchText=${encodeURIComponent(text)}`
    const found: number[] = []
    for (let next: unknown; ; ) {
      const answer = await list(`hydrate=false&${query}${next ? `&nextPage=${next}` : ''}`)
      found.push(...idsOf(answer))
      next = answer.headers['elements-next-page-token']
      if (!next || found.length > 300) break
      expect(answer.body).toHaveLength(50)
    }
    expect(found).toEqual(expected.slice(0, found.length))
    if (found.length <= 300) expect(found).toHaveLength(expected.length)
  })

  test('a tag finds its own in order, wherever the page is', async () => {
    const odd = ids.slice(0, 6000).filter((_, at) => at % 2)
    const after = Buffer.from(String(odd[2899])).toString('base64url')
    expect(idsOf(await list(`tags[]=odd&nextPage=${after}`))).toEqual(odd.slice(2900, 2950))
    expect(idsOf(await list('tags[]=odd&tags[]=rare'))).toEqual(
      [7, 1007, 2007, 3007, 4007, 5007].map((at) => ids[at]),
    )
  })

  test('a total is told up to a thousand', async () => {
    expect((await list('tags[]=rare')).headers['elements-total-count']).toBe('7')
    for (const query of ['', 'tags[]=odd', 'searchText=acme']) {
      const { headers } = await list(query)
      expect(headers['elements-total-count']).toBeUndefined()
      expect(headers['elements-returned-count']).toBe('50')
    }
  })
})

test('every query of a request has an index, by PostgreSQL’s own plan', async () => {
  const [after] = [ids[3000]].map((id) => Buffer.from(String(id)).toString('base64url'))
  const authorization = `${world.authorization}, Element ${token}`
  const path = `/instances/${ids.at(-1)}`
  const statements = await record(async () => {
    for (const query of [
      '',
      `nextPage=${after}`,
      'hydrate=false',
      'tags[]=odd',
      `tags[]=odd&nextPage=${after}`,
      'tags[]=odd&tags[]=rare',
      'tags[]=odd&state=failed&searchText=acme',
      'externalId=one',
      'externalId=one&tags[]=rare&searchText=zap',
      'searchText=acme',
      'searchText=zaphod',
      'searchText=n°%205',
      'searchText=connectwise',
      `searchText=zaphod&nextPage=${after}`,
      'searchText=zz',
      'element=117',
      'hub=helpdesk',
      'state=draft',
      'state=failed',
      'state=disabled',
      'state=verified',
      'state=draft&element=117',
    ]) {
      expect((await list(query)).status).toBe(200)
    }
    for (const place of ['/instances/count', path, `${path}/configuration`]) {
      expect((await call(world, 'GET', place)).status).toBe(200)
    }
    for (const place of ['/instances', '/instances/configuration']) {
      expect((await call(world, 'GET', place, { authorization })).status).toBe(200)
    }
  })
  expect(statements.length).toBeGreaterThan(30)
  const { pool } = world.context.db
  for (const { text, values } of statements) {
    const { rows } = await pool.query(`explain ${text}`, values)
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    expect(plan, text).not.toMatch(/Seq Scan on (?!users|accounts|organizations|access_secrets)/)
  }
})

interface Statement {
  text: string
  values: unknown[]
}

/** What reads instances meanwhile. */
async function record(work: () => Promise<void>): Promise<Statement[]> {
  const spy = vi.spyOn(pg.Client.prototype, 'query')
  try {
    await work()
    const calls = spy.mock.calls as unknown as [Statement | string, unknown[] | undefined][]
    return calls
      .map(([query, values]) =>
        typeof query === 'string' ? { text: query, values: values ?? [] } : query,
      )
      .filter(({ text }) => /\binstance/.test(text) && /^\s*(select|with)/.test(text))
  } finally {
    spy.mockRestore()
  }
}
