import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Listener, listen, listenTls } from '../egress/listener.ts'
import { createAuthority } from '../support/authority.ts'
import { call } from '../support/client.ts'
import { oauthElement } from '../support/oauth-elements.ts'
import {
  readRequest,
  type SignedRequest,
  signature,
  signatureBase,
} from '../support/oauth1-verifier.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'
import { instanceOf, through } from './through.ts'
import { elementWith } from './types-elements.ts'

const authority = createAuthority()
const signed = {
  type: 'oauth1',
  name: 'OAuth 1',
  consumerKey: '{id}',
  consumerSecret: '{secret}',
  token: '{user}',
  tokenSecret: '{password}',
}
const definitions = [
  elementWith(9621, { type: 'certificate', name: 'Mutual', ...{ certificate: 'cert' } } as {
    name: string
  }),
  elementWith(9622, { type: 'bearer', name: 'Keyed', ...{ token: '{secret}' } } as {
    name: string
  }),
  oauthElement(9623, 'signed', {}, { authentications: [signed] }),
]

const secrets = ['the-first-secret-of-the-app', 'the-second-secret-of-the-app']
const tokenSecret = 'a-secret-of-the-token'

/** With which of them a request was signed. */
function signerOf(request: SignedRequest): string | undefined {
  const read = readRequest(request)
  if (!read) return undefined
  const method = read.oauth.get('oauth_signature_method')
  const base = signatureBase(request, read)
  return secrets.find(
    (one) => signature(method, base, one, tokenSecret) === read.oauth.get('oauth_signature'),
  )
}

let vendor: Listener
let mutual: Listener
let replicas: World[]
let world: World

beforeAll(async () => {
  vendor = await listen(({ url, headers }, response) => {
    const { authorization } = headers
    const request = { method: 'GET', url: vendor.origin + url, authorization }
    response.end(`${signerOf(request) ?? ''} ${headers['x-said'] ?? ''}`)
  })
  const server = authority.issue({ names: ['127.0.0.1'] })
  const asking = { requestCert: true, rejectUnauthorized: true }
  mutual = await listenTls(
    { ...server, ca: authority.caPem, ...asking },
    ({ socket }, response) => {
      response.end((socket as TLSSocket).getPeerCertificate().subject.CN)
    },
  )
  const options = { definitions, allow: ['127.0.0.1'], egress: { ca: authority.caPem } }
  world = await startWorld(options)
  const { databaseUrl, keys } = world
  replicas = [world, await startWorld({ ...options, databaseUrl, keys })]
  await until(() => replicas.every(({ context }) => context.listener.isCurrent()))
})
afterAll(async () => {
  for (const one of [...replicas.toReversed(), vendor, mutual]) await one[Symbol.asyncDispose]()
})

const change = async (method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object) => {
  const answer = await call(world, method, path, { body })
  if (answer.status !== 200) throw new Error(answer.text)
  return answer.body
}

type Answered = Awaited<ReturnType<typeof through>>

/**
 * Calls go on through both replicas, several at a time, while a change is made. Before it all of
 * them see the old; each that begins after its answer sees the new.
 */
async function expectChange(
  instance: { authorization: string },
  see: (answer: Answered) => unknown,
  { from, to }: { from: unknown; to: unknown },
  make: () => Promise<unknown>,
) {
  const seen: { begun: number; at: number; what: unknown }[] = []
  let isOver = false
  const callers = [0, 1, 0, 1, 0, 1].map(async (at) => {
    while (!isOver) {
      const begun = performance.now()
      seen.push({ begun, at, what: see(await through(replicas[at]!, instance, 'GET', '/x')) })
    }
  })
  const enough = (since: number) =>
    [0, 1].every((at) => seen.filter((one) => one.at === at && one.begun > since).length > 10)
  await until(() => enough(0))
  const before = seen.length
  await make()
  const made = performance.now()
  await until(() => enough(made))
  isOver = true
  await Promise.all(callers)
  expect(new Set(seen.slice(0, before).map(({ what }) => what))).toEqual(new Set([from]))
  const after = seen.filter(({ begun }) => begun > made).map(({ what }) => what)
  expect(new Set(after)).toEqual(new Set([to]))
}

test('a certificate that was replaced is presented by both replicas when that is answered', async () => {
  const issue = (name: string) => {
    const { cert, key } = authority.issue({ names: [name], clientAuth: true })
    return { name: 'Ours', certificate: cert, key, origins: [mutual.origin] }
  }
  const { id } = await change('POST', '/certificates', issue('first.example'))
  const instance = await instanceOf(world, 'mutual', { server: mutual.origin, cert: id })
  await expectChange(
    instance,
    ({ text }) => text,
    { from: 'first.example', to: 'second.example' },
    () => change('PUT', `/certificates/${id}`, issue('second.example')),
  )
})

test('the new secret of an app profile signs on both replicas when it is answered', async () => {
  const app = {
    element: { key: 'signed' },
    name: 'App',
    clientId: 'app',
    clientSecret: secrets[0],
    origins: [vendor.origin],
  }
  const { id } = await change('POST', '/oauth-apps', app)
  const made = await change('POST', '/instances', {
    element: { key: 'signed' },
    name: 'N',
    configuration: { server: vendor.origin, user: 'a-token', password: tokenSecret },
    authentication: { oauthAppId: id },
  })
  await expectChange(
    { authorization: `${world.authorization}, Element ${made.token}` },
    ({ text }) => text.trim(),
    { from: secrets[0], to: secrets[1] },
    () => change('PUT', `/oauth-apps/${id}`, { clientSecret: secrets[1] }),
  )
})

test('an update to the new version of an element is in force on both replicas when it is answered', async () => {
  const saying = (text: string) => {
    const { id: _, ...own } = elementWith(0, { type: 'none', name: 'Saying' } as { name: string }, {
      headers: { 'x-said': text },
    })
    return own
  }
  await change('POST', '/elements', saying('old'))
  const instance = await instanceOf(world, 'saying', { server: vendor.origin })
  await expectChange(
    instance,
    ({ text }) => text.split(' ').at(-1),
    { from: 'old', to: 'new' },
    async () => {
      await change('PUT', '/elements/saying', saying('new'))
      await change('PUT', '/elements/saying/update')
    },
  )
})

const secret = 'an-unguessable-password-8d10'
const connect = (settings: object = {}) =>
  instanceOf(world, 'keyed', { server: vendor.origin, secret }, settings)
const statusOf = ({ status, code }: Answered) => code ?? status

test('a shared rate limit that was changed holds on both replicas when it is answered', async () => {
  const limitOf = (amount: number) => ({ name: 'Budget', windows: [{ amount, unit: 'hour' }] })
  const { id } = await change('POST', '/rate-limits', limitOf(1_000_000))
  const instance = await connect({ rateLimitId: id })
  await expectChange(
    instance,
    ({ headers }) => /q=(\d+)/.exec(headers['ratelimit-policy'] ?? '')?.[1],
    { from: '1000000', to: '900000' },
    () => change('PUT', `/rate-limits/${id}`, limitOf(900_000)),
  )
})

test('an instance that was disabled is called on no replica when that is answered', async () => {
  const instance = await connect()
  const path = `/instances/${instance.id}/enabled`
  await expectChange(instance, statusOf, { from: 200, to: 'instance-disabled' }, () =>
    change('DELETE', path),
  )
  await expectChange(instance, statusOf, { from: 'instance-disabled', to: 200 }, () =>
    change('PUT', path),
  )
})

test('a token that was replaced is known on no replica when that is answered', async () => {
  const instance = await connect()
  const path = `/instances/${instance.id}/token`
  await expectChange(instance, statusOf, { from: 200, to: 'element-unknown' }, () =>
    change('POST', path, { overlapSeconds: 0 }),
  )
})
