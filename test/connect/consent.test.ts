import { request } from 'undici'
import { afterAll, describe, expect, test } from 'vitest'
import { Browser } from '../support/browser.ts'
import { call } from '../support/client.ts'
import { findTraces } from '../support/traces.ts'
import { until } from '../support/until.ts'
import { authentication, clientSecret, openConsenting, statelessId } from './consenting.ts'
import { Customer, createSession } from './customer.ts'

const { server, world, preset, answers, begin, leave, consent, read } = await openConsenting()
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

describe('a customer who consents at the vendor', () => {
  test('connects, and neither secrets nor tokens of ours reach the browser', async () => {
    const { session, customer } = await begin({ name: 'Consented', externalId: 'c-1' })
    const { body } = await customer.form()
    const [form] = body.elements[0].authentications
    expect(form).toMatchObject({ key: authentication, consent: true })
    const asked = form.entries.map(({ key }: { key: string }) => key)
    for (const key of ['server', 'id', 'secret', 'callback']) expect(asked).not.toContain(key)

    const back = await consent(customer)
    expect(back.href).toContain(`${world.url}/oauth/callback?`)
    const landed = await customer.visit(back)
    expect(landed.status, landed.text).toBe(200)
    expect(landed.text).toContain('<h1>Connected</h1>')
    expect(landed.headers['set-cookie']).toMatch(/Max-Age=0/)
    expect((await customer.state()).body.status).toBe('succeeded')

    const { instance } = await read(session.id)
    expect(instance).toMatchObject({ name: 'Consented', state: 'verified', externalId: 'c-1' })
    const secrets = { clientSecret, token: instance.token }
    expect(findTraces(customer.received.join('\n'), secrets)).toEqual([])
    expect(customer.received.join('\n')).not.toMatch(/lk[uoi]_/)
  })

  test('is told in plain words that it was declined, and may try again', async () => {
    const short = { configuration: { ...preset(), scope: 'x' } }
    const { session, customer } = await begin(short)
    const landed = await customer.visit(await consent(customer, 'deny'))
    expect(landed.status).toBe(400)
    expect(landed.text).toContain('Tokens did not agree')
    expect(landed.text).toContain('Begin again')
    expect(landed.text).not.toContain('/elements/')
    const state = (await customer.state()).body
    expect(state).toMatchObject({
      status: 'opened',
      statusReason: expect.stringContaining('agree'),
    })
    expect((await read(session.id)).statusReason).toBe(state.statusReason)
    expect((await customer.visit(await consent(customer))).status).toBe(200)
    expect((await read(session.id)).status).toBe('succeeded')
  })

  test('in the tab itself is led back to the page, and in a window is not', async () => {
    const { session, customer } = await begin()
    const page = new URL(session.url).pathname.slice(1)
    const inWindow = await customer.visit(await consent(customer, 'deny', 'window'))
    expect(inWindow.text).not.toContain('href="../connect/1')
    expect(inWindow.text).toContain('data-closes')
    const inTab = await customer.visit(await consent(customer, 'grant', 'tab'))
    expect(inTab.text).toContain(`href="../${page}"`)
    expect(inTab.text).not.toContain('data-closes')
  })

  test('is connected although the window closes before the vendor was asked', async () => {
    const { session, customer } = await begin()
    const { body } = await customer.authorize(answers)
    const went = await request(body.url)
    const [cookie = ''] = String(went.headers['set-cookie']).split(';', 1)
    const back = await new Browser().consent(went.headers.location as string)
    const leaving = new AbortController()
    const { context } = world
    const asked = context.egress.send.bind(context.egress)
    context.egress.send = (...sent) => {
      leaving.abort()
      return asked(...sent)
    }
    try {
      await expect(request(back, { headers: { cookie }, signal: leaving.signal })).rejects.toThrow()
      await until(async () => (await read(session.id)).status === 'succeeded')
    } finally {
      context.egress.send = asked
    }
  })

  test('connects an instance anew, which keeps its id and its token', async () => {
    const { session, customer } = await begin()
    await customer.visit(await consent(customer))
    const { instance } = await read(session.id)
    const again = await begin({
      element: undefined,
      configuration: undefined,
      instanceId: instance.id,
    })
    expect((await again.customer.form()).body).toMatchObject({ reconnects: true })
    const granted = server.granted
    const landed = await again.customer.visit(await consent(again.customer))
    expect(landed.status, landed.text).toBe(200)
    expect(server.granted).toBe(granted + 1)
    const done = await read(again.session.id)
    expect(done).toMatchObject({ status: 'succeeded', instanceId: instance.id })
    expect(done.instance).toMatchObject({
      id: instance.id,
      token: instance.token,
      state: 'verified',
    })
    const texts = again.customer.received.join('\n')
    expect(findTraces(texts, { clientSecret, token: instance.token })).toEqual([])
  })
})

describe('what only looks', () => {
  test('spends neither the link, nor the way to the vendor, nor the way back', async () => {
    const { session, customer } = await begin()
    const idle = { headers: { 'sec-purpose': 'prefetch;prerender' } }
    const looks = [{ method: 'HEAD' as const }, idle]
    for (const look of looks) await customer.visit(session.url, look)
    const { body } = await customer.authorize(answers)
    for (const look of looks) {
      expect((await customer.visit(body.url, look)).headers.location).toBeUndefined()
    }
    const went = await customer.visit(body.url)
    const back = await new Browser().consent(went.headers.location as string)
    for (const look of looks) expect((await customer.visit(back, look)).status).not.toBe(200)
    expect((await read(session.id)).status).toBe('opened')
    expect((await customer.visit(back)).status).toBe(200)
  })

  test('the way to the vendor is gone after its first use', async () => {
    const { customer } = await begin()
    const { body } = await customer.authorize(answers)
    expect((await customer.visit(body.url)).status).toBe(303)
    const again = await customer.visit(body.url)
    expect([again.status, again.headers.location]).toEqual([410, undefined])
    const other = await begin()
    const mixed = new URL((await other.customer.authorize(answers)).body.url)
    mixed.searchParams.set('session', new URL(body.url).searchParams.get('session')!)
    expect((await other.customer.visit(mixed)).status).toBe(410)
  })
})

test('what no vendor sends back is told of, and another try is good', async () => {
  const { session, customer } = await begin()
  const back = await consent(customer)
  back.searchParams.set('code', 'cödé')
  const landed = await customer.visit(back)
  expect(landed.status).toBe(400)
  expect(landed.text).toContain('cannot be read')
  expect((await read(session.id)).statusReason).toContain('cannot be read')
  expect((await customer.visit(await consent(customer))).status).toBe(200)
})

test('what the vendor says is shown as text, and leads nowhere', async () => {
  const { customer } = await begin()
  const page = new URL(await leave(customer))
  const back = new URL(`${world.url}/oauth/callback`)
  back.searchParams.set('state', page.searchParams.get('state')!)
  back.searchParams.set('error', 'server_error')
  back.searchParams.set('error_description', '<img src=x onerror=alert(1)>"\'&')
  back.searchParams.set('returnUrl', 'https://evil.example/')
  back.searchParams.set('redirect_uri', 'https://evil.example/')
  const landed = await customer.visit(back)
  expect(landed.status).toBe(400)
  expect(landed.text).not.toContain('<img')
  expect(landed.text).toContain('&#60;img src=x onerror=alert(1)&#62;')
  expect(landed.text).not.toContain('evil.example')
  expect(landed.headers.location).toBeUndefined()
})

test('the cookie of a browser is for this service alone, and opens nothing', async () => {
  const { customer } = await begin()
  const { body } = await customer.authorize(answers)
  const { headers } = await request(body.url)
  expect(headers['set-cookie']).toMatch(
    /^latchkey-consent-[0-9a-f]{16}=[\w-]{43}\.window; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/,
  )
  const [cookie = ''] = String(headers['set-cookie']).split(';', 1)
  for (const path of ['/instances/1', '/connect/session/form', '/connect-sessions']) {
    const answer = await call(world, 'GET', path, { authorization: null, headers: { cookie } })
    expect(answer.status, path).toBe(401)
  }
})

describe('the way to the vendor', () => {
  test.each(['none', 'cross-site', 'same-site'])(
    'is none for a browser that was sent there by another (%s), and stays open',
    async (site) => {
      const { customer } = await begin()
      const { body } = await customer.authorize(answers)
      const victim = new Customer(world)
      const sent = await victim.visit(body.url, { headers: { 'sec-fetch-site': site } })
      expect(sent.status).toBe(410)
      expect(sent.headers).not.toHaveProperty('set-cookie')
      const went = await customer.visit(body.url, { headers: { 'sec-fetch-site': 'same-origin' } })
      expect(went.status).toBe(303)
    },
  )

  test('goes with PKCE also where callers may bring a code without its state', async () => {
    const session = await createSession(world, {
      element: { key: 'stateless' },
      configuration: preset(),
    })
    const customer = new Customer(world)
    await customer.open(session.url)
    const { body } = await customer.authorize({ elementId: statelessId, authentication })
    const went = await customer.visit(body.url)
    const page = went.headers.location as string
    expect(new URL(page).searchParams.get('code_challenge_method')).toBe('S256')
    const landed = await customer.visit(await new Browser().consent(page))
    expect(landed.status, landed.text).toBe(200)
    expect((await read(session.id)).status).toBe('succeeded')
  })
})

test('of several app profiles one has to be named, as the description of the API says', async () => {
  for (const name of ['One', 'Another']) {
    const client = { clientId: 'app-pkce', clientSecret, origins: [server.url] }
    const body = { name, element: { key: 'consented' }, ...client }
    expect((await call(world, 'POST', '/oauth-apps', { body })).status).toBe(200)
  }
  const body = {
    element: { key: 'consented' },
    configuration: { server: server.url },
    allowedOrigin: 'https://app.example.com',
  }
  const { status, body: refused } = await call(world, 'POST', '/connect-sessions', { body })
  expect([status, refused.code]).toEqual([400, 'oauth-app-unclear'])
  expect(refused.choices).toHaveLength(2)
  const { paths } = (await call(world, 'GET', '/openapi.json')).body
  const { description } = paths['/connect-sessions'].post.responses[status]
  expect(description).toContain('`oauth-app-unclear`')
})
