import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isAcceptable } from '../../src/http/accept.ts'
import { call } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
let paths: Record<string, Record<string, unknown>>
beforeAll(async () => {
  world = await startWorld()
  paths = (await call(world, 'GET', '/openapi.json', { authorization: null })).body.paths
})
afterAll(() => world[Symbol.asyncDispose]())

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

describe('a method that a path does not have', () => {
  test('is refused with those that it has, on every path of the document', async () => {
    const all = Object.entries(paths).map(([path, operations]) => ({
      path: path.replaceAll(/\{\w+\}/g, '1'),
      pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
      served: Object.keys(operations).map((method) => method.toUpperCase()),
    }))
    let refused = 0
    for (const { path } of all) {
      // What no route takes there is meant for a vendor.
      if (path.startsWith('/hubs/1/')) continue
      // A fixed path may also be one with a parameter.
      const served = all.filter(({ pattern }) => pattern.test(path)).flatMap((one) => one.served)
      const method = methods.find((one) => !served.includes(one))
      // Whatever else is asked below a hub is meant for a vendor.
      if (!method || /^\/hubs\/[^/]+\/./.test(path)) continue
      const { status, body, headers } = await call(world, method, path)
      expect([method, path, status, body?.code]).toEqual([method, path, 405, 'method-not-allowed'])
      const allowed = String(headers.allow).split(', ')
      expect([path, allowed]).toEqual([path, expect.arrayContaining(served)])
      expect(allowed.filter((one) => one !== 'HEAD')).toEqual([...new Set(served)].sort())
      refused += 1
    }
    expect(refused).toBeGreaterThan(30)
  })

  test('is refused behind the prefix, with a query and a slash at the end, too', async () => {
    for (const path of ['/elements/api-v2/instances/1?x=/', '/instances/1/', '/instances/1']) {
      const { status, body, headers } = await call(world, 'POST', path)
      expect([path, status, body.code]).toEqual([path, 405, 'method-not-allowed'])
      expect(headers.allow).toBe('DELETE, GET, HEAD, PATCH, PUT')
      expect(headers['elements-request-id']).toBe(body.requestId)
    }
  })

  test.each(['/nowhere', '/instances/1/nowhere', '/elements/api-v2/nowhere'])(
    'is not the matter where there is no path: %s',
    async (path) => {
      const { status, body, headers } = await call(world, 'PUT', path)
      expect([status, body.code, headers.allow]).toEqual([404, 'route-not-found', undefined])
    },
  )
})

describe('the Accept header', () => {
  const get = (path: string, accept: string) => call(world, 'GET', path, { headers: { accept } })

  test.each(['text/html', 'application/xml, text/*;q=0.5', 'application/json;q=0', '*/*;q=0.0'])(
    'that excludes JSON is refused: %s',
    async (accept) => {
      for (const path of ['/instances', '/elements', '/ready']) {
        const { status, body, headers } = await get(path, accept)
        expect([status, body.code]).toEqual([406, 'not-acceptable'])
        expect(headers['content-type']).toContain('application/problem+json')
      }
    },
  )

  test.each([
    'application/json',
    '*/*',
    'application/*;q=0.1',
    'text/html, */*;q=0.1',
    'APPLICATION/JSON;charset=utf-8',
    '',
  ])('that allows it is answered: %j', async (accept) => {
    expect((await get('/instances', accept)).status).toBe(200)
  })

  test('is heeded by what a path answers', async () => {
    const path = '/elements/connectwisehd/image'
    expect((await get(path, 'image/*')).status).toBe(200)
    expect((await get(path, 'application/json')).status).toBe(406)
    expect((await get('/docs', 'text/html')).status).toBeLessThan(400)
  })

  test('excludes nothing of an unknown path', async () => {
    expect((await get('/nowhere', 'text/html')).body.code).toBe('route-not-found')
  })

  test.each([
    ['text/plain;q=1, application/json;q=0, */*', false],
    ['application/json;q=0, application/*;q=1', false],
    ['application/*;q=0, application/json', true],
    ['application/json;q=x', false],
    [',', false],
  ])('is read by its most specific range: %s', (accept, expected) => {
    expect(isAcceptable('application/json', accept)).toBe(expected)
  })
})

describe('a body', () => {
  test.each(['text/plain', 'application/xml', 'application/x-www-form-urlencoded', ''])(
    'that is not JSON is refused: %s',
    async (type) => {
      const { authorization } = world
      const { statusCode, body } = await request(`${world.url}/instances`, {
        method: 'POST',
        headers: { authorization, ...(type !== '' && { 'content-type': type }) },
        body: '{}',
      })
      expect([statusCode, ((await body.json()) as { code: string }).code]).toEqual([
        415,
        'media-type-unsupported',
      ])
    },
  )

  test('is not missed where none is asked for, whatever Content-Type says', async () => {
    const headers = { 'content-type': 'application/json' }
    for (const [method, path] of [
      ['PUT', '/instances/4711/enabled'],
      ['DELETE', '/instances/4711/enabled'],
      ['DELETE', '/instances/4711'],
      ['GET', '/instances/4711'],
    ] as const) {
      const { status, body } = await call(world, method, path, { headers })
      expect([status, body.code]).toEqual([404, 'instance-not-found'])
    }
    const { status, body } = await call(world, 'PATCH', '/instances/4711', { headers })
    expect([status, body.code]).toEqual([400, 'body-invalid'])
  })
})

test('every answer, a refusal too, names its request and shows the headers that clients know', async () => {
  await using open = await startWorld({ env: { LATCHKEY_CORS_ORIGINS: 'https://app.example.com' } })
  const headers = { origin: 'https://app.example.com' }
  for (const [method, path, status] of [
    ['GET', '/instances', 200],
    ['GET', '/nowhere', 404],
    ['POST', '/instances/1', 405],
    ['GET', '/instances/abc', 400],
  ] as const) {
    const answer = await call(open, method, path, { headers })
    expect(answer.status).toBe(status)
    expect(answer.headers['elements-request-id']).toMatch(/^[0-9a-f]{24}$/)
    expect(answer.headers['access-control-expose-headers']).toBe(
      'Elements-Returned-Count, Elements-Total-Count, Elements-Request-Id, Elements-Next-Page-Token, Elements-Trace-Id, Elements-Error, Content-Disposition',
    )
    expect(answer.headers['elements-error'] === undefined).toBe(status === 200)
  }
})
