import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser } from '../support/browser.ts'
import { call, countStored } from '../support/client.ts'
import { openConsenting } from './consenting.ts'
import { Customer, createSession } from './customer.ts'

const { server, world, preset, answers, begin, consent, read } = await openConsenting()
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

describe('a way back that does not fit is refused without a word about why', () => {
  let refusal: string
  beforeAll(async () => {
    refusal = (await new Customer(world).visit(`${world.url}/oauth/callback`)).text
    expect(refusal).toContain('Not connected')
  })

  async function refuse(customer: Customer, address: string | URL) {
    const before = await countStored(world)
    const granted = server.granted
    const { status, text } = await customer.visit(address)
    expect(status).toBe(400)
    expect(text).toBe(refusal)
    expect(await countStored(world)).toEqual(before)
    expect(server.granted).toBe(granted)
  }

  test('taken a second time', async () => {
    const { customer } = await begin()
    const back = await consent(customer)
    expect((await customer.visit(back)).status).toBe(200)
    await refuse(customer, back)
  })

  test('taken a second time with the mark of the browser still there', async () => {
    const { session, customer } = await begin()
    const { body } = await customer.authorize(answers)
    const went = await request(body.url)
    const [cookie = ''] = String(went.headers['set-cookie']).split(';', 1)
    const back = await new Browser().consent(went.headers.location as string)
    const visit = () => customer.visit(back, { headers: { cookie } })
    const both = await Promise.all([visit(), visit()])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400])
    expect((await visit()).text).toBe(refusal)
    expect((await read(session.id)).status).toBe('succeeded')
  })

  test('in another browser, and the own one still can', async () => {
    const { customer } = await begin()
    const back = await consent(customer)
    await refuse(new Customer(world), back)
    const other = await begin()
    await consent(other.customer)
    await refuse(other.customer, back)
    expect((await customer.visit(back)).status).toBe(200)
  })

  test('with a mark of the browser that is none, made up, or there twice', async () => {
    const { customer } = await begin()
    const { body } = await customer.authorize(answers)
    const { headers } = await request(body.url)
    const [cookie = ''] = String(headers['set-cookie']).split(';', 1)
    const [name, value = ''] = cookie.split('=')
    const back = await new Browser().consent(headers.location as string)
    const other = `${'A'.repeat(43)}.window`
    for (const wrong of [`${name}=`, `${name}=${other}`, `${name}=${other}; ${cookie}`, value]) {
      const { status, text } = await customer.visit(back, { headers: { cookie: wrong } })
      expect([status, text]).toEqual([400, refusal])
    }
    expect((await customer.visit(back, { headers: { cookie } })).status).toBe(200)
  })

  test('with a forged state, none, or two', async () => {
    const { customer } = await begin()
    const back = await consent(customer)
    const state = back.searchParams.get('state')!
    for (const forged of [`${state.slice(0, -1)}0`, '', 'x', 'lks_1_'.padEnd(55, 'a')]) {
      const address = new URL(back)
      address.searchParams.set('state', forged)
      await refuse(customer, address)
    }
    await refuse(customer, `${back}&state=${state}`)
    await refuse(customer, `${back}&code=other`)
    expect((await customer.visit(back)).status).toBe(200)
  })

  test('with the state of another session in the same browser', async () => {
    const { session, customer } = await begin()
    const other = await createSession(world, {
      element: { key: 'consented' },
      configuration: preset(),
    })
    const back = await consent(customer)
    await customer.open(other.url)
    const second = await consent(customer)
    second.searchParams.set('code', back.searchParams.get('code')!)
    // The vendor binds the code to the verifier of the session that it belongs to.
    expect((await customer.visit(second)).status).toBe(400)
    expect(await read(other.id)).toMatchObject({ status: 'opened', instanceId: null })
    expect((await read(session.id)).status).toBe('opened')
  })

  test('with the state of a caller who takes redirects itself', async () => {
    const { id: apiKey, secret: apiSecret } = preset()
    const query = {
      apiKey,
      apiSecret,
      server: server.url,
      callbackUrl: `${world.url}/oauth/callback`,
    }
    const { body } = await call(
      world,
      'GET',
      `/elements/consented/oauth/url?${new URLSearchParams(query)}`,
    )
    const back = await new Browser().consent(body.oauthUrl)
    await refuse(new Customer(world), back)
  })

  test('and of a session, by a caller who knows code and state', async () => {
    const { customer } = await begin()
    const back = await consent(customer)
    const providerData = Object.fromEntries(back.searchParams)
    const { status, body } = await call(world, 'POST', '/instances', {
      body: { element: { key: 'consented' }, name: 'N', configuration: preset(), providerData },
    })
    expect([status, body.code]).toEqual([400, 'oauth-state-invalid'])
    expect((await customer.visit(back)).status).toBe(200)
  })
})

describe('a session that has ended meanwhile', () => {
  test.each([
    ['called off', (id: number) => call(world, 'DELETE', `/connect-sessions/${id}`)],
    [
      'expired',
      (id: number) =>
        world.context.db.pool.query(
          'update connect_sessions set expires_at = now() where id = $1',
          [id],
        ),
    ],
  ])('exchanges no code: %s', async (_, end) => {
    const { session, customer } = await begin()
    const back = await consent(customer)
    await end(session.id)
    const granted = server.granted
    const landed = await customer.visit(back)
    expect(landed.status).toBe(400)
    expect(landed.text).toContain('Not connected')
    expect(server.granted).toBe(granted)
    expect((await read(session.id)).instance).toBeUndefined()
  })
})
