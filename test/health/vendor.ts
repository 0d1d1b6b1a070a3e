import { checkDueInstances } from '../../src/health/jobs.ts'
import { call } from '../support/client.ts'
import { type Reply, startWebServer, type WebServer } from '../support/web-server.ts'
import type { World } from '../support/world.ts'

const identity = (id: number, key: string) => ({
  format: 1,
  id,
  key,
  name: 'Acme',
  hub: 'general',
  description: 'Answers as a test says.',
  configDescription: 'Made up for the tests.',
})

const element = (id: number, key: string, more: object = {}, authentication: object = {}) => ({
  ...identity(id, key),
  entries: [
    { key: 'server', name: 'Server', type: 'url', required: true },
    { key: 'secret', name: 'API key', type: 'password', required: true, secret: true },
    { key: 'cert', name: 'Certificate', type: 'certificate' },
  ],
  baseUrl: '{server}',
  authentications: [{ type: 'bearer', name: 'Token', token: '{secret}', ...authentication }],
  probes: [{ method: 'GET', path: 'me', rules: [{ when: { status: 200 }, verdict: 'verified' }] }],
  ...more,
})

const lasting = element(9875, 'lasting')
lasting.entries[1] = { ...lasting.entries[1]!, expiresAfterDays: 90 } as never

export const definitions = [
  element(9871, 'daily'),
  element(9872, 'hourly', { settings: { verifyEveryHours: 1 } }),
  element(9873, 'never', { settings: { verifyEveryHours: 0 } }),
  element(9874, 'presenting', {}, { certificate: 'cert' }),
  lasting,
]

/** A vendor that accepts whoever asks, until it is told otherwise. */
export interface Vendor extends AsyncDisposable {
  url: string
  reply: Reply
  received: WebServer['received']
}

export async function startVendor(): Promise<Vendor> {
  const vendor = { reply: { status: 200 } as Reply }
  const server = await startWebServer(() => vendor.reply)
  return Object.assign(vendor, server)
}

export async function provision(
  world: World,
  vendor: Vendor,
  key = 'daily',
  more: Record<string, unknown> = {},
): Promise<number> {
  const { configuration, ...rest } = more as { configuration?: object }
  const body = {
    element: { key },
    name: 'N',
    configuration: { server: vendor.url, secret: 'a-secret-of-the-vendor', ...configuration },
    ...rest,
  }
  const answer = await call(world, 'POST', '/instances', { body })
  if (answer.status !== 200) throw new Error(answer.text)
  return answer.body.id
}

/** Moves the clock on for an instance: it was proved so many hours ago, and is due; rounding must not make that later. */
export async function passHours(world: World, id: number, hours: number) {
  await world.context.db.pool.query(
    `update instances
     set check_at = now() - interval '1 second', last_check = coalesce(last_check, null),
       verified_at = verified_at - make_interval(hours => $3)
     where organization_id = $1 and id = $2`,
    [world.organizationId, id, hours],
  )
}

/** Moves the clock on to the next look at it. */
export async function comeToNext(world: World, id: number) {
  await world.context.db.pool.query(
    "update instances set check_at = now() - interval '1 second' where organization_id = $1 and id = $2",
    [world.organizationId, id],
  )
}

/** What the job for the organization does. */
export function look(world: World) {
  return checkDueInstances(world.context, { organizationId: world.organizationId })
}

/** In how many hours the next look is; null where there is none. */
export async function nextIn(world: World, id: number): Promise<number | null> {
  const { rows } = await world.context.db.pool.query(
    `select extract(epoch from check_at - now())::float8 / 3600 as hours from instances
     where organization_id = $1 and id = $2`,
    [world.organizationId, id],
  )
  return rows[0].hours
}
