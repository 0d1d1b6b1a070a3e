import { generateKeyPairSync } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, call } from '../support/client.ts'
import { oauthElement } from '../support/oauth-elements.ts'
import { findTraces, type Secrets } from '../support/traces.ts'
import { type Received, type Reply, startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const secrets: Secrets = {
  'client secret': 'cs-61c1-client&secret"of-the-client',
  'refresh token': 'rt-77aa-brought-along-in-the-form',
  'replaced refresh token': 'rt-88bb-replaced-by-the-vendor',
  'access token': 'at-99cc-access/token+of-the-vendor==',
  'id token': 'it-00dd-identity-token-of-the-vendor',
  password: 'pw-11ee-password-of-the-owner!',
  'private key': privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
}
const jwt = { signingKey: '{key}', algorithm: 'RS256' }
const probed = {
  probes: [{ method: 'GET', path: 'me', rules: [{ when: { status: 200 }, verdict: 'verified' }] }],
}
const definitions = [
  oauthElement(9801, 'basic', { refreshToken: '{refresh}' }),
  oauthElement(9802, 'post', { clientAuthentication: 'post', bodyFormat: 'json' }),
  oauthElement(9803, 'owner', { grant: 'password', username: '{user}', password: '{password}' }),
  oauthElement(9804, 'assertion', { ...jwt, grant: 'jwtBearer' }, probed),
  oauthElement(9805, 'keyed', { ...jwt, clientAuthentication: 'privateKeyJwt' }, probed),
]
const keys = definitions.map(({ key }) => key)

/** What becomes of a request: the answer to the token request, and whether the API takes the token. */
const courses: Record<string, { token: (request: Received) => Reply; api?: number }> = {
  granted: { token: () => granted() },
  'granted and refused': { token: () => granted(), api: 403 },
  'granted without what is needed': { token: () => granted({ access_token: '' }) },
  'granted in another way': { token: () => granted({ token_type: 'mac' }) },
  'granted with an error': { token: () => granted({ error: 'invalid_scope' }) },
  'granted as a form': {
    token: () => ({
      body: new URLSearchParams({ access_token: secrets['access token']! }).toString(),
    }),
  },
  'refused by an echo': { token: (request) => ({ status: 400, body: echo(request) }) },
  'refused by an echo in a page': {
    token: (request) => ({
      status: 500,
      headers: { 'content-type': 'text/html', 'www-authenticate': JSON.stringify(echo(request)) },
      body: `<html>${JSON.stringify(echo(request))}`,
    }),
  },
}

function granted(more: object = {}): Reply {
  return {
    body: {
      access_token: secrets['access token'],
      refresh_token: secrets['replaced refresh token'],
      id_token: secrets['id token'],
      token_type: 'Bearer',
      expires_in: 600,
      ...more,
    },
  }
}

function echo({ headers, body }: Received) {
  const said = `${headers.authorization} ${body} ${decodeURIComponent(body)}`
  return { error: 'invalid_grant', error_description: said, copy: [said] }
}

let world: World
let vendor: WebServer
let course: (typeof courses)[string]
const answers: Answer[] = []

beforeAll(async () => {
  vendor = await startWebServer((request) => {
    if (request.path === '/token') {
      keepAssertions(request)
      return course.token(request)
    }
    return { status: course.api ?? 200, body: { message: request.headers.authorization } }
  })
  world = await startWorld({
    definitions,
    allow: ['127.0.0.1'],
    env: { LOG_LEVEL: 'trace' },
  })
  for (course of Object.values(courses)) for (const key of keys) await send(key)
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

/** What signs requests is as good as a secret while it lasts. */
function keepAssertions({ body }: Received) {
  const fields = body.startsWith('{') ? Object.entries(JSON.parse(body)) : new URLSearchParams(body)
  for (const [name, value] of fields) {
    if (!/assertion$/.test(name)) continue
    secrets[`signature of assertion ${Object.keys(secrets).length}`] = String(value).split('.')[2]!
  }
}

async function send(key: string) {
  const configuration = {
    server: vendor.url,
    id: 'client',
    secret: secrets['client secret'],
    user: 'owner',
    ...(key === 'basic' && { refresh: secrets['refresh token'] }),
    ...(key === 'owner' && { password: secrets.password }),
    ...(['assertion', 'keyed'].includes(key) && { key: secrets['private key'] }),
  }
  const initial = key === 'basic' && { externalAuthentication: 'initial' }
  const body = { name: 'N', configuration, ...initial }
  const headers = { 'idempotency-key': crypto.randomUUID() }
  const created = await call(world, 'POST', `/elements/${key}/instances`, { body, headers })
  answers.push(created, await call(world, 'POST', `/elements/${key}/test`, { body }))
  if (created.status === 200) {
    answers.push(await call(world, 'GET', `/instances/${created.body.id}`))
  }
}

test('the requests were answered as good and bad ones are', () => {
  const statuses = Object.groupBy(answers, ({ status }) => status)
  expect(statuses[200]!.length).toBeGreaterThan(10)
  expect(statuses[400]!.length).toBeGreaterThan(10)
  expect(statuses[502]!.length).toBeGreaterThan(10)
  expect(statuses[500]).toBeUndefined()
  expect(Object.keys(secrets).length).toBeGreaterThan(30)
})

test('no answer holds a secret, whatever the vendor says', () => {
  for (const { text, headers } of answers) {
    expect(findTraces(text + JSON.stringify(headers), secrets), text).toEqual([])
  }
})

test('details show the token request, with stars', () => {
  const shown = answers.flatMap(({ body }) => body.probe?.request ?? [])
  expect(shown.length).toBeGreaterThan(20)
  const bodies = new Set(shown.flatMap(({ body }) => body ?? []))
  expect(bodies).toEqual(
    new Set([
      'grant_type=refresh_token&refresh_token=********',
      '{"grant_type":"client_credentials","client_id":"client","client_secret":"********"}',
      'grant_type=password&username=owner&password=********',
      'grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=********',
      'grant_type=client_credentials&client_id=client&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=********',
    ]),
  )
})

test('an echo is shown all the same, without what is secret in it', () => {
  const echoes = answers.filter(({ body }) => body.code === 'credentials-rejected')
  expect(echoes).toHaveLength(2 * keys.length)
  for (const { body } of echoes) {
    expect(body.providerMessage).toMatch(/grant_type.*\*{8}/)
    expect(body.probe.response.body).toContain('"error":"invalid_grant"')
  }
})

test('the log holds no secret, though it holds everything else', () => {
  expect(world.log.length).toBeGreaterThan(answers.length)
  expect(findTraces(world.log.join('\n'), secrets)).toEqual([])
})

test('no row of the database holds a secret in clear', async () => {
  const client = new pg.Client({ connectionString: world.databaseUrl })
  await client.connect()
  const { rows: tables } = await client.query(
    `select relname as name from pg_class
     where relkind = 'r' and relnamespace = 'public'::regnamespace`,
  )
  for (const { name } of tables) {
    const { rows } = await client.query(`select t::text as text from ${name} t`)
    expect(findTraces(rows.map(({ text }) => text).join('\n'), secrets), name).toEqual([])
  }
  const { rows } = await client.query(`select sealed from secrets where entry = '$oauth'`)
  await client.end()
  const unprobed = definitions.filter((definition) => !('probes' in definition))
  expect(rows).toHaveLength(keys.length + unprobed.length)
  for (const { sealed } of rows) expect(sealed).toMatch(/^e1\./)
})
