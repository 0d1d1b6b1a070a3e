import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { setup as buildPages } from '../support/built-console.ts'
import { call } from '../support/client.ts'
import { consentElement } from '../support/consent-elements.ts'
import { elementWithoutProbe } from '../support/elements.ts'
import { startWorld, type World } from '../support/world.ts'
import { allowedOrigin, Customer, createSession } from './customer.ts'

const quiet = { element: { key: 'quiet' } }
const publicUrl = 'https://latchkey.example.com/keys'
const definitions = [elementWithoutProbe, consentElement(9891, 'consented')]

let world: World
let reached: World
beforeAll(async () => {
  await buildPages()
  world = await startWorld({ definitions, env: { LATCHKEY_CORS_ORIGINS: '*' } })
  reached = await startWorld({ definitions, env: { LATCHKEY_PUBLIC_URL: `${publicUrl}/` } })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await reached[Symbol.asyncDispose]()
})

const visit = (address: string, headers: object = {}) =>
  new Customer(world).visit(address, { headers })
const policyOf = (answer: { headers: Record<string, unknown> }) =>
  Object.fromEntries(
    String(answer.headers['content-security-policy'])
      .split('; ')
      .map((directive) => directive.split(/ (.*)/, 2)),
  )
const nonceOf = (text: string) => /nonce="([^"]+)"/.exec(text)![1]!
/** The page's address without the secret of its link, as a server sees it. */
const pageOf = ({ url }: { url: string }) => url.split('#')[0]!

describe('the page', () => {
  test('is the same for everybody, holds nothing of the session, and may do nothing but its work', async () => {
    const session = await createSession(world, { ...quiet, externalId: 'customer-4711' })
    const page = await visit(pageOf(session))
    expect(page.status).toBe(200)
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
    expect(policyOf(page)).toEqual({
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': expect.stringMatching(/^'self' 'nonce-[\w+/]{22}=='$/),
      'connect-src': "'self'",
      'img-src': 'data:',
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': allowedOrigin,
    })
    const other = await visit(`${world.url}/connect/1-1-0`)
    expect(policyOf(page)['style-src']).toContain(nonceOf(page.text))
    expect(nonceOf(page.text)).not.toBe(nonceOf(other.text))
    expect(page.text.replace(nonceOf(page.text), '')).toBe(
      other.text.replace(nonceOf(other.text), ''),
    )
    expect(page.text).not.toMatch(
      /<script(?! type="module" crossorigin src="\.\/assets)| style=| on\w+=/,
    )
  })

  test("may be framed by its own session's origin alone, and by nobody where none is known", async () => {
    const [one, other] = await Promise.all(
      ['https://one.example', 'http://localhost:5173'].map((origin) =>
        createSession(world, { ...quiet, allowedOrigin: origin }),
      ),
    )
    expect(policyOf(await visit(pageOf(one)))['frame-ancestors']).toBe('https://one.example')
    expect(policyOf(await visit(pageOf(other)))['frame-ancestors']).toBe('http://localhost:5173')
    const guessed = pageOf(one).replace(/-[0-9a-f]{16}$/, `-${'0'.repeat(16)}`)
    for (const page of [guessed, pageOf(one).slice(0, -1), `${world.url}/connect/x`]) {
      expect(policyOf(await visit(page))['frame-ancestors'], page).toBe("'none'")
    }
  })

  test('loads its scripts and style from here, and the logo of the client app', async () => {
    const logoUrl = 'https://cdn.example/logo.png?x=1'
    const appearance = { name: 'Acme', color: '#2456c8', logoUrl }
    const session = await createSession(world, { ...quiet, appearance })
    const page = await visit(pageOf(session))
    expect(policyOf(page)['img-src']).toBe('data: https://cdn.example')
    const own = [...page.text.matchAll(/(?:src|href)="\.\/assets\/([^"]+)"/g)].map(
      ([, name]) => name!,
    )
    expect(own).toHaveLength(2)
    for (const name of [...own, 'page.css', 'notice.js']) {
      const asset = await visit(`${world.url}/connect/assets/${name}`)
      expect(asset.status, name).toBe(200)
      expect(asset.headers['content-type']).toMatch(
        /^(text|application)\/(css|javascript); charset=utf-8$/i,
      )
    }
    const customer = new Customer(world)
    await customer.open(session.url)
    expect((await customer.form()).body.appearance).toEqual(appearance)
  })

  test('is not for other origins to call, whatever is configured for the API', async () => {
    const origin = 'https://app.example.com'
    const { headers } = await call(world, 'GET', '/elements', { headers: { origin } })
    expect(headers['access-control-allow-origin']).toBe('*')
    const own = await call(world, 'GET', '/connect/session/form', { headers: { origin } })
    expect(Object.keys(own.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  test("leads back to nowhere but the session's own address, with its id and status alone", async () => {
    const returnUrl = 'https://app.example.com/back?tab=2&status=old#there'
    const session = await createSession(world, { ...quiet, returnUrl })
    const customer = new Customer(world)
    await customer.open(session.url)
    await customer.cancel()
    const { body } = await customer.state()
    expect(body).toEqual({
      id: session.id,
      status: 'cancelled',
      statusReason: expect.any(String),
      allowedOrigin,
      returnUrl: `https://app.example.com/back?tab=2&status=cancelled&session=${session.id}#there`,
    })
  })
})

describe('with a public URL', () => {
  test('links, page and redirect URI are below it, and never where Host says', async () => {
    const { body } = await call(reached, 'POST', '/connect-sessions', {
      body: { ...quiet, allowedOrigin },
      headers: { host: 'evil.example' },
    })
    expect(body.url).toMatch(/^https:\/\/latchkey\.example\.com\/keys\/connect\/[0-9a-f-]+#lkc_/)
    const page = await new Customer(reached).visit(pageOf(body).replace(publicUrl, reached.url))
    expect(policyOf(page)).toMatchObject({
      'script-src': `${publicUrl}/connect/assets/`,
      'style-src': expect.stringMatching(
        /^https:\/\/latchkey\.example\.com\/keys\/connect\/assets\/ 'nonce-[\w+/]{22}=='$/,
      ),
      'connect-src': `${publicUrl}/connect/session/`,
      'frame-ancestors': allowedOrigin,
    })
  })

  test('the cookie of a browser goes by https alone, and no other host can set it', async () => {
    const configuration = { server: 'https://vendor.example', id: 'app', secret: 'a-secret-4711' }
    const session = await createSession(reached, { element: { key: 'consented' }, configuration })
    const customer = new Customer(reached)
    await customer.open(session.url)
    const { body } = await customer.authorize({ elementId: 9891, authentication: 'oauth2' })
    expect(body.url).toContain(`${publicUrl}/connect/go?`)
    const went = await customer.visit(body.url.replace(publicUrl, reached.url))
    const vendor = new URL(went.headers.location as string)
    expect(vendor.searchParams.get('redirect_uri')).toBe(`${publicUrl}/oauth/callback`)
    expect(went.headers['set-cookie']).toMatch(
      /^__Host-latchkey-consent-[0-9a-f]{16}=\S+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    )
    expect(went.headers['referrer-policy']).toBe('no-referrer')
  })
})

test('secrets of links, pages and tickets stand neither in the log nor in the database', async () => {
  const session = await createSession(world, {
    element: { key: 'consented' },
    configuration: { server: 'https://vendor.example', id: 'app', secret: 'a-secret-4711' },
  })
  const customer = new Customer(world)
  const { body } = await customer.open(session.url)
  const authorized = await customer.authorize({ elementId: 9891, authentication: 'oauth2' })
  await customer.visit(authorized.body.url)
  const secrets = [
    new URL(session.url).hash.slice(1),
    body.key,
    new URL(authorized.body.url).searchParams.get('ticket')!,
  ]
  const { rows } = await world.context.db.pool.query('select s::text from connect_sessions s')
  for (const secret of secrets) {
    expect(secret).toMatch(/^lk[cpt]_/)
    expect(world.log.join('\n')).not.toContain(secret)
    expect(JSON.stringify(rows)).not.toContain(secret)
  }
})
