import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { definition } from '../definition/definition.ts'
import { call } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'

const { image: _, ...plain } = definition()
const shop = {
  ...plain,
  id: 9301,
  key: 'cornershop',
  name: '<b>Corner</b> & Shop',
  hub: 'ecommerce',
  description: 'Orders and PRODUCTS.',
  documentation: 'https://shop.example.com/docs',
  settings: { timeZone: 'Europe/Paris', rateLimits: [{ amount: 10, unit: 'second' }] },
}
const quiet = { ...plain, id: 9302, key: 'quiet', name: 'Quiet', probes: [] }
const formed = {
  ...plain,
  id: 9300,
  key: 'formed',
  entries: [
    ...plain.entries,
    { key: 'account', name: 'Account', type: 'text', pattern: 'AC[0-9a-f]{4}' },
    { key: 'site', name: 'Site', type: 'text', pattern: '[a-z]+', normalise: 'trim|lower' },
  ],
}

let world: World
beforeAll(async () => {
  world = await startWorld({ definitions: [definition(), shop, quiet, formed] })
})
afterAll(() => world[Symbol.asyncDispose]())

const read = (path: string, authorization: string | null = null) =>
  call(world, 'GET', path, { authorization })

describe('without access', () => {
  test('what does not exist is not found, with the keys that may be meant', async () => {
    for (const path of ['cornershap', 'cornershap/configuration', 'cornershap/metadata']) {
      const { status, body } = await read(`/elements/${path}`)
      expect([path, status, body.code]).toEqual([path, 404, 'element-not-found'])
      expect(body.choices).toEqual(['cornershop'])
      expect(body.message).toContain('Did you mean cornershop?')
    }
    expect((await read('/elements/cornershap/image')).status).toBe(404)
    expect((await read('/elements/9999')).body.code).toBe('element-not-found')
    const hub = await read('/hubs/nowhere')
    expect([hub.status, hub.body.code]).toEqual([404, 'hub-not-found'])
    expect(hub.body.choices).toContain('ecommerce')
  })

  test.each([
    ['pageSize=0', 'pageSize'],
    ['pageSize=201', 'pageSize'],
    ['pageSize=many', 'pageSize'],
    ['installed=perhaps', 'installed'],
    ['nextPage=MTAgb3IgMQ', 'nextPage'],
    ['nextPage=%00', 'nextPage'],
  ])('a list with %s is refused', async (query, parameter) => {
    const { status, body } = await read(`/elements?${query}`)
    expect([status, body.code]).toEqual([400, 'parameters-invalid'])
    expect(body.message).toContain(parameter)
  })

  test('nobody may change, check, export or install anything', async () => {
    for (const [method, path] of [
      ['POST', '/elements'],
      ['POST', '/elements/validate'],
      ['PUT', '/elements/cornershop'],
      ['DELETE', '/elements/cornershop'],
      ['POST', '/elements/cornershop/clone'],
      ['POST', '/elements/cornershop/test'],
      ['GET', '/elements/cornershop/export'],
      ['PUT', '/elements/cornershop/active'],
      ['DELETE', '/elements/cornershop/active'],
      ['PUT', '/elements/cornershop/installed'],
      ['DELETE', '/elements/cornershop/installed'],
      ['GET', '/elements/cornershop/update'],
      ['PUT', '/elements/cornershop/update'],
    ] as const) {
      const { status, body } = await call(world, method, path, { authorization: null })
      expect([method, path, status, body.code]).toEqual([method, path, 401, 'access-missing'])
    }
  })

  test('an element shows what it asks for, in the words of Cloud Elements and ours', async () => {
    const { status, body, headers } = await read('/elements/cornershop')
    expect([status, headers['cache-control']]).toEqual([200, undefined])
    expect(body).toMatchObject({
      id: 9301,
      key: 'cornershop',
      name: shop.name,
      hub: 'ecommerce',
      image: 'elements/cornershop/image',
      active: true,
      deleted: false,
      typeOauth: false,
      trialAccount: false,
      configDescription: 'How to connect.',
      transformationsEnabled: true,
      authentication: { type: 'basic' },
      parameters: [],
      authenticationTypes: [
        { key: 'basic', type: 'basic', name: 'Basic', help: null, default: false, consent: false },
      ],
      settings: shop.settings,
      documentation: shop.documentation,
      own: false,
      installed: false,
      updateAvailable: false,
    })
    expect(body.version).toMatch(/^[0-9a-f]{32}$/)
    const types = body.configuration.map((entry: { key: string; type: string }) => [
      entry.key,
      entry.type,
    ])
    expect(types).toEqual([
      ['server.url', 'TEXTFIELD_1000'],
      ['api.path', 'TEXTFIELD_1000'],
      ['user.name', 'TEXTFIELD_128'],
      ['pass.word', 'PASSWORD'],
      ['page.size', 'TEXTFIELD_128'],
      ['dry.run', 'BOOLEAN'],
      ['private.notes', 'TEXTAREA'],
      ['events.on', 'BOOLEAN'],
    ])
    expect(body.configuration[4]).toEqual({
      id: 9_301_004,
      key: 'page.size',
      name: 'Page size',
      description: '',
      defaultValue: '50',
      type: 'TEXTFIELD_128',
      required: false,
      hideFromConsole: false,
      internal: false,
      active: true,
      displayOrder: 4,
      options: [],
      kind: 'number',
      secret: false,
      advanced: false,
      aliases: [],
      help: null,
      placeholder: null,
      pattern: null,
      authentications: null,
    })
    expect((await read('/elements/9301/configuration')).body).toEqual(body.configuration)
    expect((await read('/elements/api-v2/elements/cornershop')).body).toEqual(body)
  })

  test('an entry tells the form of its value where that is judged as it is typed', async () => {
    const patternsOf = async (key: string) => {
      const { body } = await read(`/elements/${key}/configuration`)
      const entries = body as { key: string; pattern: string | null }[]
      return Object.fromEntries(entries.map((entry) => [entry.key, entry.pattern]))
    }
    expect(await patternsOf('formed')).toMatchObject({
      account: 'AC[0-9a-f]{4}',
      site: null,
      'page.size': null,
    })
  })

  test('what an element supports is told of one, and of all', async () => {
    const { body } = await read('/elements/quiet/metadata')
    expect(body).toEqual({
      id: 9302,
      key: 'quiet',
      name: 'Quiet',
      hub: 'general',
      authentications: [
        { key: 'basic', type: 'basic', name: 'Basic', help: null, default: false, consent: false },
      ],
      probe: false,
      discovers: [],
      settings: {},
      documentation: null,
    })
    const all = (await read('/elements/metadata')).body
    expect(all).toContainEqual(body)
    expect(all.find((one: { key: string }) => one.key === 'cornershop').probe).toBe(true)
  })

  test('lists are filtered by hub, by text wherever it stands, and by what is installed', async () => {
    const keys = async (query: string) =>
      (await read(`/elements/keys?${query}`)).body.map((one: { key: string }) => one.key)
    expect(await keys('hub=ecommerce')).toContain('cornershop')
    expect(await keys('hub=ecommerce')).not.toContain('quiet')
    expect(await keys('searchText=orders and products')).toEqual(['cornershop'])
    expect(await keys('searchText=CORNERSHOP')).toEqual(['cornershop'])
    expect(await keys('searchText=%3Cb%3Ecorner')).toEqual(['cornershop'])
    expect(await keys('installed=true')).toEqual([])
    expect(await keys('installed=false')).toContain('quiet')
    const none = await read('/elements?hub=nowhere')
    expect([none.status, none.body, none.headers['elements-total-count']]).toEqual([200, [], '0'])
  })

  test('pages follow each other, and hold every element once', async () => {
    const whole = await read('/elements/keys')
    const total = Number(whole.headers['elements-total-count'])
    expect([whole.body.length, whole.headers['elements-next-page-token']]).toEqual([
      total,
      undefined,
    ])
    expect(total).toBeGreaterThan(3)
    const seen: unknown[] = []
    let next = ''
    do {
      const { body, headers } = await read(`/elements/keys?pageSize=2${next}`)
      expect(headers['elements-total-count']).toBe(String(total))
      expect(headers['elements-returned-count']).toBe(String(body.length))
      seen.push(...body)
      const token = headers['elements-next-page-token']
      next = token ? `&nextPage=${token}` : ''
    } while (next)
    expect(seen).toEqual(whole.body)
    expect(whole.body.at(-1)).toEqual({ id: 9302, key: 'quiet', name: 'Quiet', hub: 'general' })
  })

  test('hubs have names, and as many elements as there are', async () => {
    const { body } = await read('/hubs')
    const listed = await read('/elements?hub=ecommerce')
    const hub = { key: 'ecommerce', name: 'E-commerce', elements: listed.body.length }
    expect(body).toContainEqual(hub)
    expect((await read('/hubs/ecommerce')).body).toEqual(hub)
  })

  test('a picture is an SVG of initials, in which no name becomes markup', async () => {
    const { status, headers, text } = await read('/elements/cornershop/image')
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'content-type': 'image/svg+xml',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cache-control': 'public, max-age=86400',
    })
    expect(text).toContain('>BC</text>')
    expect(text.match(/<\w+/g)).toEqual(['<svg', '<rect', '<text'])
  })

  test('the JSON Schema of a definition is the committed one', async () => {
    const { status, body } = await read('/elements/schema')
    const committed = new URL('../../openapi/element.schema.json', import.meta.url)
    expect([status, body]).toEqual([200, JSON.parse(await readFile(committed, 'utf8'))])
  })
})

test('access that is given has to be right, also where none is needed', async () => {
  for (const authorization of ['', 'Bearer x', `User x, Organization y`]) {
    for (const path of ['/elements', '/elements/quiet', '/elements/quiet/image', '/hubs']) {
      const { status } = await read(path, authorization)
      expect([authorization, path, status]).toEqual([authorization, path, 401])
    }
  }
  const { status, headers } = await read('/elements/quiet', world.authorization)
  expect([status, headers['cache-control']]).toEqual([200, 'no-store'])
})
