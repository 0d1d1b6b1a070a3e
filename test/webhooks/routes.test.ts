import { afterAll, beforeAll, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { findTraces } from '../support/traces.ts'
import { startWorld, type World } from '../support/world.ts'
import { hmac, prove, type Receiver, startReceiver } from './receiver.ts'
import { subscribe } from './scene.ts'

let world: World
let receiver: Receiver
let other: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
  other = await startReceiver()
  world = await startWorld({
    allow: [receiver, other].map(({ url }) => new URL(url).host),
  })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
  await receiver[Symbol.asyncDispose]()
})

const events = ['instance.created']

test.each([
  ['plain http', 'http://app.example.com/hooks', 'destination-forbidden'],
  ['a private address', 'https://10.0.0.1/hooks', 'destination-forbidden'],
  ['the address of a cloud’s metadata', 'https://169.254.169.254/', 'destination-forbidden'],
  ['an odd port', 'https://app.example.com:22/', 'destination-forbidden'],
  ['a password', 'https://user:pass@app.example.com/', 'destination-forbidden'],
  ['another scheme', 'file:///etc/passwd', 'destination-forbidden'],
  ['no URL', 'hooks', 'body-invalid'],
  ['nothing', '', 'body-invalid'],
])('a URL with %s is refused at once', async (_, url, code) => {
  const created = await call(world, 'POST', '/webhooks', { body: { url, events } })
  expect([created.status, created.body.code]).toEqual([400, code])
  const { path } = await subscribe(world, receiver.url)
  const changed = await call(world, 'PATCH', path, { body: { url, rotateSecret: true } })
  expect([changed.status, changed.body.code]).toEqual([400, code])
  await call(world, 'DELETE', path)
})

test.each([
  [{ url: 'https://app.example.com' }],
  [{ url: 'https://app.example.com', events: [] }],
  [{ url: 'https://app.example.com', events: ['instance.created', 'instance.created'] }],
  [{ url: 'https://app.example.com', events: ['instance.exploded'] }],
  [{ url: 'https://app.example.com', events, active: 'yes' }],
  [{ url: 7, events }],
  [{ events }],
])('what is no subscription is refused: %j', async (body) => {
  const answer = await call(world, 'POST', '/webhooks', { body })
  expect([answer.status, answer.body.code]).toEqual([400, 'body-invalid'])
})

test('webhooks are for admins, and for those of the same organization', async () => {
  const { path } = await subscribe(world, receiver.url)
  const colleague = await addColleague(world)
  const stranger = await world.addOrganization()
  const requests = [
    ['GET', path],
    ['PUT', path, { url: receiver.url, events }],
    ['PATCH', path, { active: false }],
    ['DELETE', path],
    ['POST', `${path}/secret`],
    ['POST', `${path}/test`],
    ['POST', `${path}/redeliver`],
    ['GET', `${path}/deliveries`],
    ['GET', `${path}/deliveries/1`],
    ['POST', `${path}/deliveries/1/redeliver`],
  ] as const
  for (const [method, one, body] of requests) {
    const ask = (authorization: string | null) =>
      call(world, method, one, { body, authorization }).then(({ status }) => status)
    expect([method, one, await ask(null)]).toEqual([method, one, 401])
    expect([method, one, await ask(colleague.authorization)]).toEqual([method, one, 403])
    expect([method, one, await ask(stranger.authorization)]).toEqual([method, one, 404])
  }
  const own = await call(world, 'GET', '/webhooks', stranger)
  expect(own.body).toEqual([])
  const unknown = await call(world, 'GET', `${path}/deliveries/1`)
  expect(unknown.body.code).toBe('webhook-delivery-not-found')
  await call(world, 'DELETE', path)
  expect((await call(world, 'GET', path)).status).toBe(404)
})

test('the secret is told once, where it was made, and starred from then on', async () => {
  const body = { url: `${receiver.url}/hook#part`, events, description: 'Tells support' }
  const { body: made } = await call(world, 'POST', '/webhooks', { body })
  expect(made).toMatchObject({
    url: `${receiver.url}/hook`,
    events,
    description: 'Tells support',
    active: true,
    inactiveReason: null,
    failingSince: null,
    secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
  })
  const path = `/webhooks/${made.id}`
  const shown = await call(world, 'GET', path)
  expect(shown.body).toEqual({ ...made, secret: '********' })
  expect((await call(world, 'GET', '/webhooks')).body).toContainEqual(shown.body)
  const put = await call(world, 'PUT', path, { body: shown.body })
  expect(put.body).toMatchObject({ ...shown.body, updatedDate: expect.any(String) })
  const patched = await call(world, 'PATCH', path, { body: { events: ['*'] } })
  expect(patched.body).toMatchObject({ events: ['*'], description: 'Tells support' })
  const emptied = await call(world, 'PUT', path, { body: { url: body.url, events } })
  expect(emptied.body).toMatchObject({ events, description: '', secret: '********' })
  const { rows } = await world.context.db.pool.query(
    'select to_json(w)::text as text from webhooks w union all select to_json(s)::text from secrets s',
  )
  const stored = rows.map(({ text }) => text).join('\n')
  const key = { key: made.secret.slice('whsec_'.length) }
  expect(findTraces(stored, key)).toEqual([])
  expect(findTraces(world.log.join('\n'), key)).toEqual([])
  await call(world, 'DELETE', path)
  const left = await world.context.db.pool.query('select from secrets where owner = $1', [
    `webhook/${made.id}`,
  ])
  expect(left.rowCount).toBe(0)
})

const receivedAt = (server: Receiver, path: string) =>
  server.received.filter((one) => one.path === path)

test('a rotated secret signs beside the one before, until the overlap ends', async () => {
  const hook = await subscribe(world, `${receiver.url}/rotated`)
  const send = async () => {
    expect((await call(world, 'POST', `${hook.path}/test`)).body.delivered).toBe(true)
    return receivedAt(receiver, '/rotated').at(-1)!
  }
  const rotate = async (body: object) => {
    const { body: rotated } = await call(world, 'POST', `${hook.path}/secret`, { body })
    return rotated
  }
  const { secret: second, previousSecretUntil } = await rotate({ overlapSeconds: 3600 })
  expect(Date.parse(previousSecretUntil)).toBeGreaterThan(Date.now() + 3_000_000)
  const both = await send()
  expect(prove(both, second).id).toBe(prove(both, hook.secret).id)
  expect(both.headers['elements-webhook-signature']).toBe(`sha256=${hmac(second, both.body)}`)

  const { secret: third } = await rotate({})
  const later = await send()
  expect(prove(later, third).id).toBe(prove(later, second).id)
  expect(() => prove(later, hook.secret)).toThrow('no signature is right')

  await world.context.db.pool.query('update webhooks set previous_until = now() where id = $1', [
    hook.id,
  ])
  const alone = await send()
  expect(prove(alone, third).event.type).toBe('webhook.test')
  expect(() => prove(alone, second)).toThrow('no signature is right')

  const { secret: fourth, previousSecretUntil: none } = await rotate({ overlapSeconds: 0 })
  expect(none).toBeNull()
  const last = await send()
  expect(prove(last, fourth).event.data).toEqual({ webhookId: hook.id })
  expect(() => prove(last, third)).toThrow('no signature is right')
  const wrong = await call(world, 'POST', `${hook.path}/secret`, { body: { overlapSeconds: -1 } })
  expect(wrong.status).toBe(400)
})

test('another origin takes another secret, whichever route changes it', async () => {
  const hook = await subscribe(world, `${receiver.url}/one`)
  const url = `${other.url}/two`
  for (const [method, body] of [
    ['PATCH', { url }],
    ['PUT', { url, events }],
    ['PATCH', { url, rotateSecret: false }],
  ] as const) {
    const { status, body: refused } = await call(world, method, hook.path, { body })
    expect([status, refused.code]).toEqual([422, 'secrets-required'])
    expect(refused.missing).toEqual([{ key: 'secret', name: 'Signing secret' }])
  }
  const sameOrigin = await call(world, 'PATCH', hook.path, {
    body: { url: `${receiver.url}/three` },
  })
  expect(sameOrigin.body).toMatchObject({ url: `${receiver.url}/three`, secret: '********' })

  const body = { url, rotateSecret: true }
  const { body: moved } = await call(world, 'PATCH', hook.path, { body })
  expect(moved).toMatchObject({ url, previousSecretUntil: null })
  expect(moved.secret).not.toBe(hook.secret)
  await call(world, 'POST', `${hook.path}/test`)
  const [received] = receivedAt(other, '/two')
  expect(prove(received!, moved.secret).event.type).toBe('webhook.test')
  expect(() => prove(received!, hook.secret)).toThrow('no signature is right')
})

test('a URL that somebody changed in the database alone gets nothing that is signed', async () => {
  const hook = await subscribe(world, `${receiver.url}/before`)
  const { pool } = world.context.db
  await pool.query('update webhooks set url = $2 where id = $1', [hook.id, `${other.url}/after`])
  const { body } = await call(world, 'POST', `${hook.path}/test`)
  expect(body).toMatchObject({ delivered: false, failure: { kind: 'secrets-required' } })
  expect(receivedAt(other, '/after')).toEqual([])
})

test('a test event tells what came back, also of a webhook that is not active', async () => {
  const hook = await subscribe(world, `${receiver.url}/tried`, { active: false })
  const secret = hook.secret.slice('whsec_'.length)
  receiver.answer = () => ({ status: 418, body: `${'x'.repeat(900)} ${secret} ${'y'.repeat(900)}` })
  const { body: refused } = await call(world, 'POST', `${hook.path}/test`)
  receiver.answer = () => ({ status: 200, body: 'thanks\0' })
  const { body: taken } = await call(world, 'POST', `${hook.path}/test`)
  expect(refused).toMatchObject({ delivered: false, status: 418, failure: { kind: 'status' } })
  expect(refused.answer.length).toBeLessThanOrEqual(1024)
  expect(refused.answer).toContain('x ******** y')
  expect(taken).toMatchObject({
    delivered: true,
    status: 200,
    failure: null,
    answer: 'thanks\ufffd',
  })
  expect(taken.messageId).not.toBe(refused.messageId)
})

test('a redirect is not followed, wherever it leads to', async () => {
  const hook = await subscribe(world, `${receiver.url}/moved`)
  for (const status of [301, 302, 307, 308]) {
    receiver.answer = () => ({ status, headers: { location: `${receiver.url}/elsewhere` } })
    const { body } = await call(world, 'POST', `${hook.path}/test`)
    expect(body).toMatchObject({ delivered: false, status })
    expect(body.failure.message).toContain('redirect')
  }
  expect(receivedAt(receiver, '/elsewhere')).toEqual([])
})

test('an organization has twenty webhooks at most', async () => {
  const fresh = { ...world, ...(await world.addOrganization()) }
  const all = await Promise.all(
    Array.from({ length: 24 }, () =>
      call(fresh, 'POST', '/webhooks', { body: { url: receiver.url, events } }),
    ),
  )
  const refused = all.filter(({ status }) => status !== 200)
  expect(refused.map(({ body }) => body.code)).toEqual(Array(4).fill('webhooks-too-many'))
  const first = await call(fresh, 'GET', '/webhooks?pageSize=15')
  const next = first.headers['elements-next-page-token']
  const second = await call(fresh, 'GET', `/webhooks?pageSize=15&nextPage=${next}`)
  expect([first.body.length, second.body.length]).toEqual([15, 5])
})

test('what is done to a webhook stands in the audit, without its URL or secret', async () => {
  const fresh = { ...world, ...(await world.addOrganization()) }
  const hook = await subscribe(fresh, `${receiver.url}/audited`)
  await call(fresh, 'PATCH', hook.path, { body: { events: ['*'], active: true } })
  await call(fresh, 'POST', `${hook.path}/secret`)
  await call(fresh, 'POST', `${hook.path}/test`)
  await call(fresh, 'DELETE', hook.path)
  const { text, body } = await call(fresh, 'GET', '/audit')
  expect(body.map(({ action }: { action: string }) => action)).toEqual([
    'webhook.deleted',
    'webhook.tested',
    'webhook.secret-rotated',
    'webhook.changed',
    'webhook.created',
    'organization.created',
  ])
  expect(body[3].detail).toEqual({
    webhookId: hook.id,
    members: 'events active',
    rotateSecret: false,
  })
  expect(text).not.toContain('audited')
  expect(text).not.toContain(hook.secret)
})

test('where the audit cannot tell of a test nothing is sent', async () => {
  const fresh = { ...world, ...(await world.addOrganization()) }
  const hook = await subscribe(fresh, `${receiver.url}/untold`)
  receiver.answer = () => ({ status: 204 })
  const { pool } = world.context.db
  await pool.query(`create function refuse() returns trigger language plpgsql as
    $$ begin raise exception 'no entry today'; end $$`)
  await pool.query(`create trigger refused before insert on audit_entries
    for each row execute function refuse()`)
  const refused = await call(fresh, 'POST', `${hook.path}/test`)
  await pool.query('drop trigger refused on audit_entries')
  expect([refused.status, refused.body.code]).toEqual([500, 'internal'])
  expect(receivedAt(receiver, '/untold')).toEqual([])
  expect((await call(fresh, 'POST', `${hook.path}/test`)).body.delivered).toBe(true)
  expect(receivedAt(receiver, '/untold')).toHaveLength(1)
})
