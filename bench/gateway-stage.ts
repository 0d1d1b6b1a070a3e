import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startEmbedded } from '../src/database/embedded.ts'
import type { LoadOrder, LoadResult } from './load.ts'
import { createCaller, freePort, help, type Measured, nextMessage, startService } from './stage.ts'

/** Everything that runs while the gateway is measured, each in a process of its own, on loopback. */
export interface GatewayStage extends AsyncDisposable {
  vendor: Measured
  floor: Measured
  /** Undefined where nginx is not installed. */
  nginx: Measured | undefined
  /** Three on one database. */
  services: Measured[]
  /** For calls through an instance without limits, and through one with a limit that is far away. */
  unlimited: string
  limited: string
  load(order: LoadOrder): Promise<LoadResult>
}

const replicas = 3

/** @param nodeOptions for the first service's process, such as those that profile it */
export async function setGatewayStage(nodeOptions: readonly string[]): Promise<GatewayStage> {
  await using resources = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-bench-'))
  resources.defer(() => rm(folder, { recursive: true }))
  await chmod(folder, 0o711)
  const database = await startEmbedded({ dataDir: folder })
  resources.defer(() => database.stop())
  const key = randomBytes(32)
  const caller = await createCaller(database.url, [{ id: 'bench', key }])
  const vendor = await help(resources, new URL('./gateway-vendor.ts', import.meta.url))
  const floor = await help(resources, new URL('./gateway-floor.ts', import.meta.url), [vendor.url])
  const nginx = await startNginx(resources, folder, vendor.url)
  const { child } = await help(resources, new URL('./load.ts', import.meta.url))
  const settings = {
    DATABASE_URL: database.url,
    LATCHKEY_KEYS: `bench:${key.toString('base64')}`,
    LATCHKEY_EGRESS_ALLOW: new URL(vendor.url).host,
  }
  const services: Measured[] = []
  for (let at = 0; at < replicas; at += 1) {
    services.push(await startService(resources, at === 0 ? nodeOptions : [], settings))
  }
  const user = `User ${caller.userSecret}, Organization ${caller.organizationSecret}`
  const tokens = await provision(services[0]!.url, user, vendor.url)
  const stage = resources.move()
  return {
    vendor,
    floor,
    nginx,
    services,
    unlimited: `${user}, Element ${tokens.unlimited}`,
    limited: `${user}, Element ${tokens.limited}`,
    load: (order) => {
      child.send(order)
      return nextMessage<LoadResult>(child)
    },
    [Symbol.asyncDispose]: () => stage.disposeAsync(),
  }
}

/** Instances without limits, and with one that is far away. */
export async function provision(service: string, authorization: string, vendor: string) {
  const send = async (path: string, body: object) => {
    const answer = await fetch(service + path, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`)
    return (await answer.json()) as { token: string }
  }
  await send('/elements', {
    format: 1,
    key: 'measured',
    name: 'Measured',
    hub: 'crm',
    description: 'A vendor that costs as little as one can.',
    configDescription: 'Its address and a key.',
    entries: [
      { key: 'url', name: 'URL', type: 'url', required: true },
      { key: 'key', name: 'Key', type: 'password', required: true, secret: true },
    ],
    baseUrl: '{url}',
    authentications: [{ type: 'bearer', name: 'Key', token: '{key}' }],
  })
  const configuration = { url: vendor, key: 'an-unguessable-key-of-the-measured-vendor' }
  const element = { key: 'measured' }
  const rateLimits = [{ amount: 1_000_000, unit: 'second' }]
  const instance = (name: string, settings: object) =>
    send('/instances', { element, name, configuration, settings })
  const { token: unlimited } = await instance('Without limits', {})
  const { token: limited } = await instance('With a limit far away', { rateLimits })
  return { unlimited, limited }
}

/** With one worker, as the others have one process, and connections to the vendor that stay open. */
async function startNginx(
  resources: AsyncDisposableStack,
  folder: string,
  vendor: string,
): Promise<Measured | undefined> {
  if (spawnSync('nginx', ['-v']).status !== 0) return undefined
  const port = await freePort()
  const file = join(folder, 'nginx.conf')
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(folder, kind)};`,
  )
  await writeFile(
    file,
    `daemon off; master_process off; pid ${join(folder, 'nginx.pid')}; error_log stderr crit;
    events { worker_connections 1024; }
    http {
      access_log off; keepalive_requests 1000000; ${paths.join(' ')}
      upstream vendor { server ${new URL(vendor).host}; keepalive 256; keepalive_requests 1000000; }
      server {
        listen 127.0.0.1:${port};
        location /proxy/ {
          proxy_pass http://vendor/; proxy_http_version 1.1; proxy_set_header Connection "";
        }
      }
    }`,
  )
  const child = spawn('nginx', ['-c', file, '-p', folder], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  resources.defer(async () => {
    if (child.exitCode !== null) return
    child.kill()
    await once(child, 'exit')
  })
  const url = `http://127.0.0.1:${port}`
  const deadline = Date.now() + 10_000
  while (!(await fetch(`${url}/proxy/`).catch(() => undefined))?.ok) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error('nginx did not start')
    await delay(50)
  }
  return { url, pid: child.pid! }
}
