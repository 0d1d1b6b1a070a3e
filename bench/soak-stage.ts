import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startEmbedded } from '../src/database/embedded.ts'
import type { Held } from './soak-probe.ts'
import { createCaller, help, nextMessage, startService } from './stage.ts'

/** An instance, as it is called through and changed. */
export interface Connected {
  id: number
  authorization: string
}

/** The service, its vendor and its database, each in a process of its own. */
export interface SoakStage extends AsyncDisposable {
  url: string
  user: string
  instances: Record<InstanceName, Connected>
  /** What the service holds; to be asked while nobody calls. */
  look(): Promise<Held>
  /** What it says of itself, by name and labels. */
  metrics(): Promise<Map<string, number>>
}

export type InstanceName = 'plain' | 'limited' | 'failing' | 'session' | 'signed'

export async function setSoakStage(): Promise<SoakStage> {
  await using resources = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-soak-'))
  resources.defer(() => rm(folder, { recursive: true }))
  await chmod(folder, 0o711)
  const database = await startEmbedded({ dataDir: folder })
  resources.defer(() => database.stop())
  const key = randomBytes(32)
  const caller = await createCaller(database.url, [{ id: 'soak', key }])
  const vendor = await help(resources, new URL('./moody-vendor.ts', import.meta.url))
  const probe = fileURLToPath(new URL('./soak-probe.ts', import.meta.url))
  const { url, child } = await startService(resources, ['--expose-gc', '--import', probe], {
    DATABASE_URL: database.url,
    LATCHKEY_KEYS: `soak:${key.toString('base64')}`,
    LATCHKEY_EGRESS_ALLOW: new URL(vendor.url).host,
  })
  const user = `User ${caller.userSecret}, Organization ${caller.organizationSecret}`
  const instances = await provision(url, user, vendor.url)
  const stage = resources.move()
  return {
    url,
    user,
    instances,
    look() {
      child.send('look')
      return nextMessage<Held>(child)
    },
    metrics: () => readMetrics(url),
    [Symbol.asyncDispose]: () => stage.disposeAsync(),
  }
}

const entries = [
  { key: 'url', name: 'URL', type: 'url', required: true },
  { key: 'key', name: 'Key', type: 'password', required: true, secret: true },
]
const authentications = {
  bearer: { type: 'bearer', name: 'Key', token: '{key}' },
  session: {
    type: 'session',
    name: 'Session',
    login: {
      method: 'POST',
      path: 'login',
      body: { form: { password: '{key}' } },
      rules: [{ when: { status: 200 }, verdict: 'verified' }],
      extract: { 'session.token': { json: '/token' } },
    },
    headers: { authorization: 'Session {session.token}' },
  },
  hmac: {
    type: 'hmac',
    name: 'Signature',
    algorithm: 'sha256',
    secret: '{key}',
    message: '{request.path}\n{request.body}',
    encoding: 'hex',
    headers: { 'x-signature': '{signature}' },
  },
}

async function provision(service: string, user: string, vendor: string) {
  const send = async (method: string, path: string, body: object) => {
    const answer = await fetch(service + path, {
      method,
      headers: { authorization: user, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`)
    return (await answer.json()) as { id: number; token: string }
  }
  for (const [key, authentication] of Object.entries(authentications)) {
    await send('POST', '/elements', {
      format: 1,
      key: `soaked-${key}`,
      name: 'Soaked',
      hub: 'crm',
      description: 'A vendor of many moods.',
      configDescription: 'Its address and a key.',
      entries,
      baseUrl: '{url}',
      authentications: [authentication],
    })
  }
  const configuration = { url: vendor, key: 'an-unguessable-key-of-the-soaked-vendor' }
  const connect = async (authentication: keyof typeof authentications, settings = {}) => {
    const element = { key: `soaked-${authentication}` }
    const body = { element, name: 'Soaked', configuration, settings }
    const { id, token } = await send('POST', '/instances', body)
    return { id, authorization: `${user}, Element ${token}` }
  }
  const pool = await send('POST', '/connection-pools', { name: 'Soaked', limit: 4 })
  const limits = { rateLimits: [{ amount: 50, unit: 'second' }], connectionPoolId: pool.id }
  const failing = await connect('bearer')
  await send('PUT', `/instances/${failing.id}/call-log`, { minutes: 1440 })
  return {
    plain: await connect('bearer'),
    limited: await connect('bearer', limits),
    failing,
    session: await connect('session'),
    signed: await connect('hmac'),
  }
}

async function readMetrics(service: string): Promise<Map<string, number>> {
  const text = await (await fetch(`${service}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ')
      return [line.slice(0, at), Number(line.slice(at + 1))]
    }),
  )
}
