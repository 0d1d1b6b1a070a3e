import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { type OAuthServer, startOAuthServer } from '../support/oauth-server.ts'
import { clientSecret, startTokenServer, type TokenServer } from '../support/token-server.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'
import {
  type Connected,
  connect,
  definitions,
  endIn,
  get,
  lifeOf,
  outwait,
  provision,
} from './instances.ts'

let world: World
let vendor: TokenServer
let oidc: OAuthServer
const children: ChildProcess[] = []

beforeAll(async () => {
  vendor = await startTokenServer()
  oidc = await startOAuthServer([
    {
      client_id: 'client',
      client_secret: clientSecret,
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: ['https://app.example/callback'],
      scope: 'openid offline_access',
    },
  ])
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
})
beforeEach(() => {
  vendor.rotates = true
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await oidc[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

/** A process that is ready to call as the instance; `go` answers what became of each call. */
async function startCaller(key: Connected, url: string, calls: number) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'caller.ts')], {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: world.databaseUrl,
      LATCHKEY_KEYS: world.keys,
      LATCHKEY_EGRESS_ALLOW: '127.0.0.1',
      ORGANIZATION: String(key.organizationId),
      INSTANCE: String(key.instanceId),
      VENDOR: url,
      CALLS: String(calls),
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  children.push(child)
  const said = { out: '', log: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    said.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said.log += text
  })
  const ended = once(child, 'exit')
  await until(() => {
    if (child.exitCode !== null) throw new Error(said.log)
    return said.out.includes('ready')
  })
  return {
    said,
    async go(): Promise<(number | string)[]> {
      child.stdin.write('go\n')
      await ended
      return JSON.parse(said.out.replace('ready\n', ''))
    },
    begin: () => child.stdin.write('go\n'),
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

const show = async ({ instanceId }: Connected) =>
  (await call(world, 'GET', `/instances/${instanceId}`)).body

describe('two hundred callers in three processes', () => {
  const all = async (key: Connected, url: string) => {
    const callers = await Promise.all([67, 67, 66].map((calls) => startCaller(key, url, calls)))
    const results = (await Promise.all(callers.map(({ go }) => go()))).flat().map(String)
    expect(callers.map(({ said }) => said.log).join('')).not.toContain('-token-number-')
    return Object.groupBy(results, (result) => result)
  }

  test('share one refresh at an OAuth server that revokes everything where one is used twice', async () => {
    const key = await provision(world, 'elsewhere', {
      server: oidc.url,
      id: 'client',
      secret: clientSecret,
      refresh: await oidc.issueRefreshToken('client'),
    })
    const before = oidc.granted
    await endIn(world, key, -1)
    expect(await all(key, `${oidc.url}/api/me`)).toEqual({ 200: Array(200).fill('200') })
    expect(oidc.granted).toBe(before + 1)
    expect(await lifeOf(world, key)).toMatchObject({ version: 2, failures: 0 })
  })

  test('share one refresh where the vendor refuses the token, and takes its time', async () => {
    const key = await connect(world, vendor)
    vendor.valid.clear()
    const asked = Promise.withResolvers<void>()
    vendor.next = [
      async (grant) => {
        asked.resolve()
        // As long as others come who wait for the same.
        await new Promise((resolve) => setTimeout(resolve, 1500))
        return grant()
      },
    ]
    expect(await all(key, `${vendor.url}/me`)).toEqual({ 200: Array(200).fill('200') })
    expect(vendor.asked).toHaveLength(1)
  })

  test('share the refusal, too', async () => {
    const key = await connect(world, vendor)
    await endIn(world, key, -1)
    vendor.usable.clear()
    expect(await all(key, `${vendor.url}/me`)).toEqual({
      'reconnect-required': Array(200).fill('reconnect-required'),
    })
    expect(vendor.asked).toHaveLength(1)
  })
})

describe('a process that is killed between the answer and the commit', () => {
  /** It has the answer, and waits for a row that somebody else holds. */
  const killAtCommit = async (key: Connected) => {
    const caller = await startCaller(key, `${vendor.url}/me`, 1)
    const blocker = await world.context.db.pool.connect()
    try {
      await endIn(world, key, -1)
      vendor.next = [
        async (grant) => {
          await blocker.query('begin')
          await blocker.query('select from oauth_tokens where instance_id = $1 for update', [
            key.instanceId,
          ])
          return grant()
        },
      ]
      caller.begin()
      await until(async () => {
        const { rows } = await blocker.query(
          `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
        )
        return rows.length > 0
      })
      await caller.kill()
      await until(async () => {
        const { rows } = await blocker.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where wait_event_type = 'Lock' and datname = current_database()`,
        )
        return rows.length === 0
      })
    } finally {
      await blocker.query('rollback')
      blocker.release()
    }
    expect(vendor.asked).toHaveLength(1)
    expect(await lifeOf(world, key)).toMatchObject({ version: 1, holder: expect.any(String) })
  }

  test('costs nothing where the vendor keeps refresh tokens', async () => {
    vendor.rotates = false
    const key = await connect(world, vendor)
    await killAtCommit(key)
    await outwait(world, key)
    expect(await get(world, key, vendor)).toMatchObject({ status: 200 })
    expect(vendor.asked).toHaveLength(2)
    expect(await show(key)).toMatchObject({ valid: true })
  })

  test('is told plainly where the vendor rotates them, and nothing loops', async () => {
    const key = await connect(world, vendor)
    await killAtCommit(key)
    await outwait(world, key)
    for (let times = 0; times < 3; times += 1) {
      await expect(get(world, key, vendor)).rejects.toMatchObject({ code: 'reconnect-required' })
      await outwait(world, key)
    }
    expect(vendor.asked).toHaveLength(2)
    expect(await show(key)).toMatchObject({
      valid: false,
      state: 'failed',
      stateReason: expect.stringMatching(/was interrupted.*Connect the instance anew/s),
    })
  })

  test('holds the others up no longer than its lease', async () => {
    vendor.rotates = false
    const key = await connect(world, vendor)
    await killAtCommit(key)
    expect(await get(world, key, vendor)).toMatchObject({ status: 200 })
    expect(vendor.asked).toHaveLength(2)
  })
})
