import { Readable } from 'node:stream'
import { call as callVendor } from '../../src/gateway/call.ts'
import type { CallBody } from '../../src/gateway/keep-body.ts'
import { openForCalls } from '../../src/gateway/open.ts'
import { call } from '../support/client.ts'
import { oauthElement } from '../support/oauth-elements.ts'
import { clientSecret, type TokenServer } from '../support/token-server.ts'
import type { World } from '../support/world.ts'

const probing = (path: string) => ({
  probes: [{ method: 'GET', path, rules: [{ when: { status: 200 }, verdict: 'verified' }] }],
})
const me = probing('me')
const post = { clientAuthentication: 'post' }
const expired = { json: { pointer: '/error', equals: 'session expired' } }

/** One that logs in for a session, and keeps no token. */
const session = {
  ...oauthElement(9805, 'session', {}, me),
  authentications: [
    {
      type: 'session',
      name: 'Login',
      login: {
        method: 'POST',
        base: '{server}',
        path: 'token',
        body: { form: { grant_type: 'client_credentials', client_secret: '{secret}' } },
        rules: [{ when: { status: 200 }, verdict: 'verified' }],
        extract: { 'session.token': { json: '/access_token' } },
      },
      headers: { authorization: 'Bearer {session.token}' },
    },
  ],
}

/** One that refreshes elsewhere, and whose password yields tokens, too. */
const owner = oauthElement(
  9806,
  'owner',
  {
    ...post,
    grant: 'password',
    username: '{user}',
    password: '{password}',
    refreshUrl: '{server}/token/refresh',
  },
  me,
)

export const definitions = [
  session,
  owner,
  oauthElement(9801, 'brought', { ...post, grant: 'refreshToken', refreshToken: '{refresh}' }, me),
  oauthElement(9802, 'client', post, me),
  oauthElement(
    9803,
    'marking',
    { ...post, grant: 'refreshToken', refreshToken: '{refresh}', ended: [expired] },
    me,
  ),
  oauthElement(
    9804,
    'elsewhere',
    { grant: 'refreshToken', refreshToken: '{refresh}' },
    probing('api/me'),
  ),
]

/** A provisioned instance of one of them at the vendor. */
export async function connect(world: World, vendor: TokenServer, element = 'brought') {
  const more =
    element === 'owner'
      ? { user: 'someone', password: 'a-password' }
      : { refresh: vendor.consent() }
  const brought = ['client', 'session'].includes(element) ? {} : more
  const given = { server: vendor.url, id: 'client', secret: clientSecret, ...brought }
  const key = await provision(world, element, given)
  vendor.asked.splice(0)
  return key
}

export async function provision(world: World, element: string, configuration: object) {
  const body = { element: { key: element }, name: 'N', configuration }
  const answer = await call(world, 'POST', '/instances', { body })
  if (answer.status !== 200) throw new Error(answer.text)
  return { organizationId: world.organizationId, instanceId: answer.body.id as number }
}

export type Connected = Awaited<ReturnType<typeof connect>>

interface Limits {
  /** By `performance.now()`, for tokens that may be used. */
  deadline?: number
  /** Whether the request can be sent again. */
  repeatable?: boolean
}

/** What the vendor answers to a request as the instance. */
export async function get(
  { context }: Pick<World, 'context'>,
  key: Connected,
  vendor: Pick<TokenServer, 'url'>,
  path = '/me',
  { deadline, repeatable }: Limits = {},
) {
  const opened = await openForCalls(context, key, undefined, deadline)
  const stream = Readable.from([Buffer.from('once')])
  const body: CallBody = repeatable === false ? { kind: 'stream', stream } : { kind: 'none' }
  const below = (vendor.url + path).slice(opened.base.href.length - 1)
  const request = { method: 'GET', path: below, headers: {}, body }
  const { signal } = new AbortController()
  const place = { signal, told: {}, waitMs: 20_000, retries: 0 }
  const called = await callVendor(context, opened, request, place)
  const read = await called.answer.read(1024 * 1024)
  called.end()
  const { status } = called.answer
  return { status, body: read.length > 0 ? JSON.parse(read.toString()) : undefined }
}

/** Moves the clock for one instance: its tokens end in so many seconds. */
export async function endIn({ context }: World, key: Connected, seconds: number) {
  await context.db.pool.query(
    `update oauth_tokens set expires_at = now() + make_interval(secs => $3),
       obtained_at = least(obtained_at, now() - interval '1 hour')
     where organization_id = $1 and instance_id = $2`,
    [key.organizationId, key.instanceId, seconds],
  )
}

/** Moves the clock on: no lease and no pause lasts any longer. */
export async function outwait({ context }: World, key: Connected) {
  await context.db.pool.query(
    `update oauth_tokens set lease_until = lease_until - interval '1 day',
       retry_at = retry_at - interval '1 day'
     where organization_id = $1 and instance_id = $2`,
    [key.organizationId, key.instanceId],
  )
}

/** What may be read of its tokens. */
export async function lifeOf({ context }: World, key: Connected) {
  const { rows } = await context.db.pool.query(
    `select *, extract(epoch from retry_at - now())::float8 as retry_in
     from oauth_tokens where organization_id = $1 and instance_id = $2`,
    [key.organizationId, key.instanceId],
  )
  return rows[0]
}

/** The jobs that wait for an instance. */
export async function jobsOf({ context }: World, { organizationId, instanceId }: Connected) {
  const { rows } = await context.db.pool.query(
    `select data, extract(epoch from start_after - now())::float8 as starts_in from jobs.job
     where name = 'refresh-tokens' and state < 'active' and singleton_key = $1`,
    [`${organizationId}/${instanceId}`],
  )
  return rows as { data: { version: number }; starts_in: number }[]
}
