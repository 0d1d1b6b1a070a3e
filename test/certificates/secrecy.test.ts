import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { read } from '../../src/certificates/read.ts'
import { type Answer, call } from '../support/client.ts'
import { findTraces, type Secrets } from '../support/traces.ts'
import { startWorld, type World } from '../support/world.ts'
import { withPbmac1 } from './asn1.ts'
import { bodyOf, bytesOf, fixture, given } from './fixtures.ts'

const secrets: Secrets = {}
const answers: Answer[] = []
let statements: string[]
let world: World

beforeAll(async () => {
  world = await startWorld({ env: { LOG_LEVEL: 'trace' } })
  const spy = vi.spyOn(pg.Client.prototype, 'query')
  try {
    await sendSecrets()
    statements = spy.mock.calls.map((given: unknown[]) => JSON.stringify(given))
  } finally {
    spy.mockRestore()
  }
})
afterAll(() => world[Symbol.asyncDispose]())

const secret = (name: string) => {
  secrets[name] = `${randomBytes(12).toString('hex')}&"<'>/%+\\ :é`
  return secrets[name]
}

async function send(method: 'POST' | 'PUT', path: string, body: unknown) {
  answers.push(await call(world, method, path, { body }))
  return answers.at(-1)!
}

/** A piece of a key that no other key has; the first line says of what kind it is. */
function coreOf(key: string): string {
  const text = key.replace('-----BEGIN PRIVATE KEY-----', '').trim().slice(24)
  return text.match(/\w+/g)!.sort((a, b) => b.length - a.length)[0]!
}

/** Good and careless requests with certificates. */
async function sendSecrets() {
  for (const file of ['default.p12', 'ed25519.p12', 'pkcs8.pem']) {
    secrets[`key of ${file}`] = coreOf(read(given(file)).key)
  }
  const pem = bytesOf('pkcs8.pem').toString()

  const passphrase = secret('passphrase')
  const pkcs12 = withPbmac1(fixture('without-mac.p12').passphrase).toString('base64')
  const { body } = await send('POST', '/certificates', bodyOf('default.p12'))
  await send('PUT', `/certificates/${body.id}`, bodyOf('ed25519.p12'))
  await send('POST', '/certificates', bodyOf('default.p12', { passphrase }))
  await send('POST', '/certificates', bodyOf('default.p12', { pkcs12, passphrase }))
  const own = { pkcs12: undefined, certificate: pem, key: pem, passphrase }
  await send('POST', '/certificates', bodyOf('pkcs8.pem', own))
  await send(
    'POST',
    '/certificates',
    bodyOf('pkcs8.pem', { ...own, certificate: secret('no PEM') }),
  )
  await send('POST', '/certificates', bodyOf('pkcs8.pem', { ...own, name: undefined }))
  await send('POST', '/certificates', bodyOf('pkcs8.pem', { [secret('member')]: pem, passphrase }))
  await send('POST', '/certificates', bodyOf('pkcs8.pem', { passphrase: [secret('list')] }))
  await send('POST', '/certificates', `{"passphrase": ${JSON.stringify(secret('broken JSON'))}`)
  const form = new FormData()
  form.append('name', 'By form')
  form.append('origins', 'https://api.example.com')
  form.append('pkcs12', new Blob([new Uint8Array(bytesOf('default.p12'))]), secret('file name'))
  form.append('passphrase', secret('passphrase of a form'))
  form.append(secret('field'), secret('value'))
  const headers = { authorization: world.authorization }
  const answer = await fetch(`${world.url}/certificates`, { method: 'POST', body: form, headers })
  answers.push({ status: answer.status, headers: {}, text: await answer.text(), body: undefined })
}

test('the requests were answered as good and bad ones are', () => {
  const statuses = answers.map(({ status }) => status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(3)
  expect(statuses.filter((status) => status === 400)).toHaveLength(8)
})

test('the search finds a key where there is one', () => {
  for (const file of ['default.p12', 'ed25519.p12', 'pkcs8.pem']) {
    expect(findTraces(read(given(file)).key, secrets).join()).toContain(file)
  }
})

test('no answer holds a key, a passphrase or anything else of what was sent', () => {
  for (const { text } of answers) expect(findTraces(text, secrets), text.slice(0, 300)).toEqual([])
})

test('the log of the service holds none of them, at its most talkative', () => {
  expect(world.log.length).toBeGreaterThan(answers.length)
  expect(findTraces(world.log.join('\n'), secrets)).toEqual([])
})

test('no statement that PostgreSQL gets holds one of them', () => {
  expect(statements.join('\n')).toContain('insert into \\"certificates\\"')
  expect(statements.join('\n')).toContain('CN=Fixture Ed25519')
  expect(findTraces(statements.join('\n'), secrets)).toEqual([])
})

test('no row holds one of them, and the passphrase is nowhere, not even sealed', async () => {
  const { rows } = await world.context.db.pool.query(`
    select (select string_agg(c::text, ' ') from certificates c) as certificates,
      (select string_agg(s::text, ' ') from secrets s) as secrets,
      (select array_agg(entry) from secrets where owner like 'certificate/%') as entries`)
  expect(findTraces(rows[0].certificates + rows[0].secrets, secrets)).toEqual([])
  expect(rows[0].entries).toEqual(['$bundle', '$bundle'])
})
