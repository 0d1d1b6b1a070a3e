import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { definition } from '../definition/definition.ts'
import { call } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'
import { sendAs, tickets } from './tickets.ts'

let world: World
/** An organization that nothing was done in yet. */
let owner: Awaited<ReturnType<World['addOrganization']>> & { url: string }
beforeAll(async () => {
  world = await startWorld({ definitions: [definition()] })
})
beforeEach(async () => {
  owner = { url: world.url, ...(await world.addOrganization()) }
})
afterAll(() => world[Symbol.asyncDispose]())

const send = sendAs(() => owner)
const server = 'https://tickets.example.com'
const create = (changes: object = {}) =>
  send(200, 'POST', '/elements', tickets(server, changes)).then(({ body }) => body)

describe('a definition that is wrong', () => {
  const wrong = () => {
    const { name: _, ...rest } = tickets(server, {
      key: 'Not A Key',
      id: 12,
      baseUrl: '{nowhere}',
      entries: [{ key: 'a', name: 'A', type: 'colour' }],
      surprise: true,
    })
    return rest
  }

  test('is refused with every problem by its JSON pointer, and nothing is stored', async () => {
    const { body } = await send(400, 'POST', '/elements', wrong())
    expect(body.code).toBe('definition-invalid')
    const pointers = body.invalid.map((one: { key: string }) => one.key)
    expect(pointers).toEqual(
      expect.arrayContaining(['', '/id', '/key', '/entries/0/type', '/surprise']),
    )
    for (const { reason } of body.invalid) expect(reason).not.toBe('')
    expect((await send(200, 'GET', '/elements?searchText=acme')).body).toEqual([])
  })

  test('is told the same by a dry run, which stores nothing of a right one either', async () => {
    const refused = await send(400, 'POST', '/elements', wrong())
    const { body } = await send(200, 'POST', '/elements/validate', wrong())
    expect(body.valid).toBe(false)
    expect(body.problems).toEqual(
      refused.body.invalid.map(({ key: pointer, reason }: { key: string; reason: string }) => ({
        pointer,
        reason,
      })),
    )
    const right = await send(200, 'POST', '/elements/validate', tickets(server))
    expect(right.body).toEqual({ valid: true, problems: [] })
    const taken = await send(200, 'POST', '/elements/validate', { ...tickets(''), key: 'example' })
    expect(taken.body.problems.map((one: { pointer: string }) => one.pointer)).toContain('/key')
    expect((await send(200, 'GET', '/elements?searchText=acme')).body).toEqual([])
  })

  test.each([
    ['an array', []],
    ['a text', '"text"'],
    ['null', 'null'],
    ['nested too deep', { ...tickets('https://x.example'), extra: nest(100) }],
    ['without a name that makes a key', { ...tickets('https://x.example'), name: '支払い' }],
  ])('is refused where it is %s', async (_, body) => {
    const { body: refusal } = await send(400, 'POST', '/elements', body)
    expect(refusal.code).toBe('definition-invalid')
    expect(refusal.invalid.length).toBeGreaterThan(0)
  })

  test.each([
    ['/name', { name: 'Acme\0' }],
    ['/description', { description: 'half a \ud83d face' }],
    ['/probes/0/query', { probes: [{ method: 'GET', query: { '\ud800': 'x' }, rules: [] }] }],
  ])('is refused where %s cannot be stored', async (pointer, changes) => {
    const { body } = await send(400, 'POST', '/elements', tickets(server, changes))
    expect(body.code).toBe('definition-invalid')
    expect(body.invalid).toEqual([
      { key: pointer, reason: 'has a character that cannot be stored' },
    ])
  })

  test('is refused where its problems are too many to tell them apart', async () => {
    const headers = Object.fromEntries(Array.from({ length: 900 }, (_, at) => [`h h${at}`, '']))
    const wrong = Array.from({ length: 19 }, (_, at) => ({
      type: 'oauth2',
      key: `k${at}`,
      headers,
    }))
    const authentications = [...tickets(server).authentications, ...wrong]
    const body = tickets(server, { authentications, baseUrl: '{nowhere}' })
    const refused = await send(400, 'POST', '/elements', body)
    expect(refused.body.code).toBe('definition-invalid')
    expect((await send(200, 'POST', '/elements/validate', body)).body.valid).toBe(false)
    expect((await send(200, 'GET', '/elements?searchText=acme')).body).toEqual([])
  })

  test('is refused where it is larger than 256 KiB', async () => {
    const entry = (_: unknown, at: number) => ({
      key: `k${at}`,
      name: 'x'.repeat(1000),
      type: 'text',
      help: 'x'.repeat(1000),
    })
    const large = tickets(server, { entries: Array.from({ length: 150 }, entry) })
    for (const path of ['/elements', '/elements/validate']) {
      expect((await send(413, 'POST', path, large)).body.code).toBe('definition-too-large')
    }
  })
})

describe('a key', () => {
  test('is made from the name, and taken once', async () => {
    expect((await create()).key).toBe('acmetickets')
    expect((await create({ name: 'Ácme: Tïckets 2' })).key).toBe('acmetickets2')
    const { body } = await send(409, 'POST', '/elements', tickets(server))
    expect(body.code).toBe('element-key-taken')
    expect((await send(200, 'GET', '/elements/keys?searchText=acme')).body).toHaveLength(2)
  })

  test('of the catalogue is not to be had, neither for a new element nor for a clone', async () => {
    const own = await create()
    const named = { ...tickets(server), key: 'example' }
    for (const [method, path, body] of [
      ['POST', '/elements', named],
      ['PUT', `/elements/${own.id}`, named],
      ['POST', '/elements/example/clone', { key: 'example' }],
      ['POST', '/elements/example/clone', { name: 'Example' }],
    ] as const) {
      expect((await send(409, method, path, body)).body.code).toBe('element-key-taken')
    }
  })

  test.each(['keys', 'metadata', 'schema', 'validate', 'api-v2', '12345'])(
    'is never "%s", which means something else in a path',
    async (key) => {
      const { body } = await send(400, 'POST', '/elements', { ...tickets(server), key })
      expect(body.invalid.map((one: { key: string }) => one.key)).toContain('/key')
    },
  )

  test('stays the organization’s, when the catalogue takes it later', async () => {
    const own = await create({ key: 'latecomer' })
    const catalogued = { ...definition(), id: 9400, key: 'latecomer' }
    await using later = await startWorld({
      databaseUrl: world.databaseUrl,
      env: { LATCHKEY_KEYS: world.keys },
      definitions: [definition(), catalogued],
    })
    const read = (key: string, authorization: string | null = owner.authorization) =>
      call(later, 'GET', `/elements/${key}`, { authorization }).then(({ body }) => body.id)
    expect(await read('latecomer')).toBe(own.id)
    expect(await read('9400')).toBe(9400)
    expect(await read('latecomer', null)).toBe(9400)
    const body = tickets(server, { key: 'latecomer', description: 'Changed.' })
    const { authorization } = owner
    const changed = await call(later, 'PUT', '/elements/latecomer', { body, authorization })
    expect([changed.status, changed.body.description]).toEqual([200, 'Changed.'])
  })
})

function nest(depth: number): unknown {
  return depth === 0 ? 'x' : [nest(depth - 1)]
}
