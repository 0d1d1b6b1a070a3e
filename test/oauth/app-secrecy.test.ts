import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Answer, call } from '../support/client.ts'
import { oauthElement } from '../support/oauth-elements.ts'
import { findTraces, type Secrets } from '../support/traces.ts'
import { startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'

const secrets: Secrets = {}
const answers: Answer[] = []
let statements: string[]
let vendor: WebServer
let world: World

beforeAll(async () => {
  // A vendor that tells whoever asks what it was told.
  vendor = await startWebServer(({ headers, body }) => ({
    status: 400,
    body: { error: 'invalid_client', error_description: `${headers.authorization} ${body}` },
  }))
  world = await startWorld({
    env: { LOG_LEVEL: 'trace' },
    allow: ['127.0.0.1'],
    definitions: [
      oauthElement(9901, 'basic'),
      oauthElement(9902, 'post', { clientAuthentication: 'post' }),
      oauthElement(9903, 'json', { clientAuthentication: 'post', bodyFormat: 'json' }),
    ],
  })
  const spy = vi.spyOn(pg.Client.prototype, 'query')
  try {
    await sendSecrets()
    statements = spy.mock.calls.map((given: unknown[]) => JSON.stringify(given))
  } finally {
    spy.mockRestore()
  }
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const secret = (name: string) => {
  secrets[name] = `${randomBytes(12).toString('hex')}&"<'>/%+\\ :é`
  return secrets[name]
}

async function send(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown) {
  answers.push(await call(world, method, path, { body }))
  return answers.at(-1)!
}

/** Good and careless requests with the secrets of app profiles. */
async function sendSecrets() {
  for (const key of ['basic', 'post', 'json']) {
    const clientSecret = secret(`secret of ${key}`)
    const about = { element: { key }, name: 'Acme', clientId: 'acme', origins: [vendor.url] }
    const { body } = await send('POST', '/oauth-apps', { ...about, clientSecret })
    const configuration = { server: vendor.url }
    const instance = { element: { key }, name: 'N', configuration }
    await send('POST', '/instances', instance)
    await send('POST', `/elements/${key}/test`, { configuration })
    await send('POST', '/instances', { ...instance, verify: false })
    await send('PUT', `/oauth-apps/${body.id}`, { clientSecret: secret(`next secret of ${key}`) })
    await send('GET', `/oauth-apps/${body.id}`)
    await send('POST', '/oauth-apps', {
      ...about,
      name: '',
      clientSecret: secret(`no name ${key}`),
    })
    await send('POST', '/oauth-apps', { ...about, clientSecret: [secret(`list ${key}`)] })
    await send('POST', '/oauth-apps', { ...about, [secret(`member ${key}`)]: 1, clientSecret })
    await send('POST', '/oauth-apps', { ...about, clientSecret: `${secret(`lines ${key}`)}\n` })
    await send('POST', '/oauth-apps', `{"clientSecret": ${JSON.stringify(secret(`bad ${key}`))}`)
  }
}

test('the requests were answered as good and bad ones are, and the vendor was asked', () => {
  const statuses = answers.map(({ status }) => status)
  expect(statuses).toEqual(
    Array(3).fill([200, 400, 400, 200, 200, 200, 400, 400, 400, 400, 400]).flat(),
  )
  const heard = vendor.received.map(({ headers, body }) => `${headers.authorization} ${body}`)
  expect(findTraces(heard.join('\n'), secrets).length).toBeGreaterThan(2)
})

test('no answer holds a secret, not even where the vendor repeats it', () => {
  for (const { text } of answers) expect(findTraces(text, secrets), text.slice(0, 300)).toEqual([])
})

test('the log of the service holds none, at its most talkative', () => {
  expect(world.log.length).toBeGreaterThan(answers.length)
  expect(findTraces(world.log.join('\n'), secrets)).toEqual([])
})

test('no statement that PostgreSQL gets holds one', () => {
  expect(statements.join('\n')).toContain('insert into \\"oauth_apps\\"')
  expect(findTraces(statements.join('\n'), secrets)).toEqual([])
})

test('no row holds one, and an instance that uses an app profile none of it', async () => {
  const { rows } = await world.context.db.pool.query(`
    select (select string_agg(a::text, ' ') from oauth_apps a) as apps,
      (select string_agg(s::text, ' ') from secrets s) as secrets,
      (select string_agg(i::text, ' ') from instances i) as instances,
      (select string_agg(e::text, ' ') from audit_entries e) as audit,
      (select array_agg(distinct entry) from secrets where owner like 'instance/%') as entries`)
  const { entries, ...texts } = rows[0]
  expect(findTraces(Object.values(texts).join(' '), secrets)).toEqual([])
  expect(texts.instances).not.toContain('acme')
  expect(entries).toEqual(['$token'])
})
