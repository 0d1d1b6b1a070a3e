import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pino from 'pino'
import { request } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { consoleRoutes } from '../../src/console/routes.ts'
import { createServer } from '../../src/http/server.ts'
import { temporaryFolder } from '../support/folder.ts'

const resources = new AsyncDisposableStack()
let url: string
let empty: string

async function serve(folder: string): Promise<string> {
  const app = createServer({ log: pino({ level: 'silent' }), trustProxy: false, corsOrigins: [] })
  consoleRoutes(app, { folder })
  resources.defer(() => app.close())
  return app.listen({ host: '127.0.0.1', port: 0 })
}

const get = async (address: string) => {
  const { statusCode, headers, body } = await request(address)
  return { status: statusCode, headers, text: await body.text() }
}

beforeAll(async () => {
  const built = resources.use(await temporaryFolder())
  await mkdir(join(built.path, 'assets'))
  await writeFile(join(built.path, 'index.html'), '<meta name="csp-nonce" nonce="{nonce}">')
  await writeFile(join(built.path, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
  await writeFile(join(built.path, 'assets', 'page-1a2b.js'), 'export {}')
  url = await serve(built.path)
  const unbuilt = resources.use(await temporaryFolder())
  await mkdir(join(unbuilt.path, 'assets'))
  empty = await serve(unbuilt.path)
})
afterAll(() => resources.disposeAsync())

test.each(['/console', '/console/', '/console/instances/12?tab=audit', '/console/no-such-page'])(
  '%s is the page, with a policy of its own that lets nothing foreign in',
  async (path) => {
    const { status, headers, text } = await get(url + path)
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    const policy = String(headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    const nonce = /nonce="([^"]+)"/.exec(text)![1]
    expect(policy).toContain(`style-src 'self' 'nonce-${nonce}'`)
    expect(headers['cache-control']).toBe('no-store')
    expect(headers['x-content-type-options']).toBe('nosniff')
  },
)

test.each([
  ['/console', 'same-origin-allow-popups'],
  ['/console/instances/12', 'same-origin-allow-popups'],
  // Else the window in which a vendor asked for consent would seem closed when it comes back.
  ['/console/consent', 'unsafe-none'],
  ['/console/consent?code=a&state=b', 'unsafe-none'],
])('whose opener %s is cut off from: %s', async (path, policy) => {
  const { status, headers } = await get(url + path)
  expect(status).toBe(200)
  expect(headers['cross-origin-opener-policy']).toBe(policy)
})

test('no two answers have the same nonce', async () => {
  const policies = await Promise.all([get(`${url}/console`), get(`${url}/console`)])
  expect(policies[0]!.text).not.toBe(policies[1]!.text)
})

test('what is named by its content may be kept for ever', async () => {
  const { status, headers } = await get(`${url}/console/assets/page-1a2b.js`)
  expect(status).toBe(200)
  expect(headers['cache-control']).toBe('public, max-age=31536000, immutable')
  expect(headers['content-type']).toContain('javascript')
})

test.each([
  '/console/assets/none.js',
  '/console/assets/../../package.json',
  '/console/assets/..%2findex.html',
])('there is no file %s', async (path) => {
  const { status } = await get(url + path)
  expect([400, 403, 404]).toContain(status)
})

test('where it has not been built, the page says how to', async () => {
  const { status, text } = await get(`${empty}/console`)
  expect([status, text]).toEqual([503, expect.stringContaining('npm run build')])
})
