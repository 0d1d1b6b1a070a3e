import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, call } from '../support/client.ts'
import { consentElement } from '../support/consent-elements.ts'
import { findTraces, type Secrets } from '../support/traces.ts'
import { type Reply, startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'

const callbackUrl = 'https://app.example/callback'
const client = 'client-secret-with-a-long-core-<&>"%4711'
const token = 'access-token-of-some-length-0815'
const refresh = 'refresh-token-of-some-length-0816'
const code = 'code/of+some=length&authorization-code-0817 and more'

let world: World
let vendor: WebServer
let reply: (sent: URLSearchParams) => Reply
const answers: Answer[] = []
/** Every verifier that was sent to the vendor. */
const verifiers = () =>
  vendor.received.flatMap(({ body }) => new URLSearchParams(body).get('code_verifier') ?? [])

beforeAll(async () => {
  vendor = await startWebServer(({ path, body }) =>
    path === '/token' ? reply(new URLSearchParams(body)) : { body: { echo: `Bearer ${token}` } },
  )
  const definitions = [
    consentElement(9881, 'coded', { clientAuthentication: 'post' }),
    consentElement(9882, 'basic', {}),
  ]
  world = await startWorld({ definitions, allow: ['127.0.0.1'], env: { LOG_LEVEL: 'trace' } })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

async function connect(key: string, more: object = {}) {
  const given = { apiKey: 'client', apiSecret: client, callbackUrl, server: vendor.url }
  const page = await call(world, 'GET', `/elements/${key}/oauth/url?${new URLSearchParams(given)}`)
  const { state } = page.body
  const body = { element: { key }, name: 'N', providerData: { code, state, ...more } }
  const answer = await call(world, 'POST', '/instances', { body })
  answers.push(page, answer)
  return answer
}

/** The vendor repeats all that it was sent. */
const echo = (status: number, sent: URLSearchParams, more: object = {}): Reply => ({
  status,
  headers: { location: `https://elsewhere.example/?${sent}`, 'x-request-id': sent.get('code')! },
  body: {
    error: 'invalid_grant',
    error_description: `no ${sent.get('code')} ${sent.get('code_verifier')} ${sent.get('client_secret')}`,
    sent: Object.fromEntries(sent),
    form: sent.toString(),
    base64: Buffer.from(sent.toString()).toString('base64'),
    ...more,
  },
})

test('codes, verifiers, secrets and tokens stand in no answer and in no log', async () => {
  const grant = { access_token: token, refresh_token: refresh, token_type: 'Bearer' }
  const replies: [key: string, reply: typeof reply, status: number][] = [
    ['coded', () => ({ body: grant }), 200],
    ['basic', () => ({ body: grant }), 200],
    ['coded', (sent) => echo(400, sent), 400],
    ['basic', (sent) => echo(400, sent), 400],
    ['coded', (sent) => echo(500, sent), 502],
    ['coded', (sent) => echo(302, sent), 502],
    ['coded', (sent) => echo(200, sent), 502],
    ['coded', (sent) => echo(200, sent, { token_type: 'odd', access_token: token }), 502],
  ]
  for (const [key, given, status] of replies) {
    reply = given
    const answer = await connect(key)
    expect([answer.status >= 400, answer.text], answer.text).toEqual([
      status >= 400,
      expect.any(String),
    ])
  }
  answers.push(
    await connect('coded', { error: 'server_error', error_description: `${code} ${client}` }),
  )
  expect(verifiers().length).toBeGreaterThan(5)

  const named = Object.fromEntries(verifiers().map((verifier, at) => [`verifier ${at}`, verifier]))
  const secrets: Secrets = { client, token, refresh, code, ...named }
  for (const { text, headers } of answers) {
    const shown = `${JSON.stringify(headers)}\n${text.replace(/"token":"lki_\w+"/, '')}`
    expect(findTraces(shown, secrets), shown).toEqual([])
  }
  expect(findTraces(world.log.join('\n'), secrets)).toEqual([])
})

test('they stand in no table in clear', async () => {
  const { pool } = world.context.db
  const { rows: tables } = await pool.query(
    "select relname as name from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace",
  )
  const named = Object.fromEntries(verifiers().map((verifier, at) => [`verifier ${at}`, verifier]))
  const secrets: Secrets = { client, token, refresh, code, ...named }
  for (const { name } of tables) {
    const { rows } = await pool.query(`select t::text as row from ${name} t`)
    expect(findTraces(rows.map(({ row }) => row).join('\n'), secrets), name).toEqual([])
  }
})
