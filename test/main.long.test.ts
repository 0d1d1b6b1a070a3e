import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rename, rm, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call, helpDesk } from './support/client.ts'
import { temporaryFolder } from './support/folder.ts'
import {
  firstAccess,
  postgresOf,
  run,
  type Service,
  sandboxOf,
  startService,
} from './support/service.ts'
import { until } from './support/until.ts'
import { wrongEnvironments } from './support/wrong-environments.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let dataDir: string
beforeAll(async () => {
  folder = await temporaryFolder()
  dataDir = join(folder.path, 'data')
})
afterAll(() => folder[Symbol.asyncDispose]())

const start = (env = {}) => startService({ LATCHKEY_DATA_DIR: dataDir, ...env })

async function provision(service: Service) {
  const { authorization } = await firstAccess(dataDir)
  const body = helpDesk({ sandbox: sandboxOf(service) })
  const answer = await call({ url: service.url, authorization }, 'POST', '/instances', { body })
  expect(answer.status).toBe(200)
  return answer.body
}

async function expectInstance(service: Service, instance: { id: number }) {
  const { authorization } = await firstAccess(dataDir)
  const path = `/instances/${instance.id}`
  const answer = await call({ url: service.url, authorization }, 'GET', path)
  expect(answer.body).toEqual(instance)
}

describe('the embedded service', () => {
  test('writes lost credentials again, with the same secrets', async () => {
    const first = await start()
    const instance = await provision(first)
    await first.stop()
    const before = await firstAccess(dataDir)
    await rm(join(dataDir, 'credentials.json'))

    await using again = await start()
    const after = await firstAccess(dataDir)
    expect(after).toEqual({ ...before, sandbox: { id: 'api2', password: expect.any(String) } })
    expect((await stat(join(dataDir, 'credentials.json'))).mode & 0o777).toBe(0o600)
    await expectInstance(again, instance)
    await provision(again)
  })

  test('starts again after a kill, over the PostgreSQL that was left, with all data', async () => {
    const killed = await start()
    const instance = await provision(killed)
    const orphan = await postgresOf(dataDir)
    expect(await killed.stop('SIGKILL')).toMatchObject({ signal: 'SIGKILL' })
    expect(orphan).toBeDefined()
    expect(await postgresOf(dataDir)).toBe(orphan)

    await using again = await start()
    expect(await postgresOf(dataDir)).not.toBe(orphan)
    await expectInstance(again, instance)
    await provision(again)
  })

  test('serves again, with all data, after its PostgreSQL was killed', async () => {
    const service = await start()
    const instance = await provision(service)
    const killed = await postgresOf(dataDir)
    process.kill(killed!, 'SIGKILL')
    const ready = () => call({ url: service.url, authorization: '' }, 'GET', '/ready')
    await until(() => service.out.includes('ended, and is started again'))
    await until(async () => (await ready()).status === 200)
    expect(await postgresOf(dataDir)).not.toBe(killed)
    await expectInstance(service, instance)
    await provision(service)
    expect(await service.stop()).toMatchObject({ code: 0, complaint: '' })
    expect(await postgresOf(dataDir)).toBeUndefined()
  })

  test('ends with exit code 1, and says why, when its PostgreSQL cannot be started again', async () => {
    const service = await start()
    const instance = await provision(service)
    const control = join(dataDir, 'postgres', 'data', 'global', 'pg_control')
    await rename(control, `${control}.away`)
    process.kill((await postgresOf(dataDir))!, 'SIGKILL')
    expect(await service.ended).toMatchObject({ code: 1, complaint: '' })
    const fatal = JSON.parse(/^.*"level":60.*$/m.exec(service.out)![0])
    expect(fatal.msg).toBe('the service ends on an error')
    expect(fatal.err.message).toMatch(/^PostgreSQL did not start\. .*pg_control.*No such file/s)
    expect(await postgresOf(dataDir)).toBeUndefined()

    await rename(`${control}.away`, control)
    await using again = await start()
    await expectInstance(again, instance)
  })

  test('told to stop while it starts, leaves nothing behind', async () => {
    for (const moment of [200, 600, 1_200]) {
      const { child, ended } = run('src/main.ts', { LATCHKEY_DATA_DIR: dataDir, PORT: '0' })
      await delay(moment)
      child.kill('SIGINT')
      await ended
      expect(await postgresOf(dataDir)).toBeUndefined()
    }
    const starting = run('src/main.ts', { LATCHKEY_DATA_DIR: dataDir, PORT: '0' })
    await until(async () => (await postgresOf(dataDir)) !== undefined)
    starting.child.kill('SIGTERM')
    expect(await starting.ended).toMatchObject({ code: 0, complaint: '' })
    expect(await postgresOf(dataDir)).toBeUndefined()
  })

  test('without its keys file does not start, says which key it needs, and harms nothing', async () => {
    const first = await start()
    const instance = await provision(first)
    await first.stop()
    const keys = join(dataDir, 'keys')
    const [id] = (await readFile(keys, 'utf8')).split(':')
    await rename(keys, `${keys}.away`)
    const refused = await run('src/main.ts', { LATCHKEY_DATA_DIR: dataDir, PORT: '0' }).ended
    expect(refused).toMatchObject({ code: 1, out: '' })
    expect(refused.complaint).toMatch(`sealed under the key-encryption key "${id}"`)
    expect(await postgresOf(dataDir)).toBeUndefined()

    await rename(`${keys}.away`, keys)
    await using again = await start()
    await expectInstance(again, instance)
  })

  test('lets a command make an organization while it runs', async () => {
    await using service = await start()
    const { stdout } = await promisify(execFile)(
      'npm',
      ['run', '--silent', 'organization', '--', 'create', 'Acme', '--user', 'a@example.com'],
      { env: { PATH: process.env.PATH, LATCHKEY_DATA_DIR: dataDir } },
    )
    const authorization = /^Authorization: (.*)$/m.exec(stdout)![1]!
    const caller = { url: service.url, authorization }
    const body = helpDesk({ sandbox: sandboxOf(service) })
    expect((await call(caller, 'POST', '/instances', { body })).status).toBe(200)
  })

  test('on a sandbox port that is taken does not start, and names the variable', async () => {
    await using service = await start()
    const elsewhere = join(folder.path, 'elsewhere')
    const env = { LATCHKEY_DATA_DIR: elsewhere, PORT: '0' }
    const LATCHKEY_SANDBOX_PORT = new URL(sandboxOf(service).url).port
    const refused = await run('src/main.ts', { ...env, LATCHKEY_SANDBOX_PORT }).ended
    expect(refused).toMatchObject({ code: 1, out: '' })
    expect(refused.complaint).toMatch(
      /address already in use .*Choose another LATCHKEY_SANDBOX_PORT/,
    )
    expect(await postgresOf(elsewhere)).toBeUndefined()
    await using without = await startService({ ...env, LATCHKEY_SANDBOX_PORT: 'off' })
    expect(without.out).not.toContain('Sandbox')
  })

  test('stops in time and in order though clients neither speak nor finish', async () => {
    const service = await start()
    const { authorization } = await firstAccess(dataDir)
    const { hostname, port } = new URL(service.url)
    const silent = connect(Number(port), hostname)
    const halting = connect(Number(port), hostname)
    for (const socket of [silent, halting]) {
      socket.on('error', () => {})
      await once(socket, 'connect')
    }
    const head = [
      'POST /instances HTTP/1.1',
      `Host: ${hostname}`,
      `Authorization: ${authorization}`,
    ]
    const body = ['Content-Type: application/json', 'Content-Length: 1000', '', '{']
    halting.write([...head, ...body].join('\r\n'))
    await delay(500)
    const begun = performance.now()
    expect(await service.stop()).toMatchObject({ code: 0, complaint: '' })
    // Thirty seconds for requests under way, and then PostgreSQL.
    expect(performance.now() - begun).toBeLessThan(45_000)
    expect(await postgresOf(dataDir)).toBeUndefined()
  })
})

test.concurrent.each(Object.entries(wrongEnvironments))(
  'a start with %s ends with exit code 1 and one line',
  async (_, { env, says, secret }) => {
    const away = { LATCHKEY_DATA_DIR: join(folder.path, 'never'), PORT: '0', ...env }
    const { code, out, complaint } = await run('src/main.ts', away).ended
    expect([code, out]).toEqual([1, ''])
    const [, line] = /^Latchkey cannot start: (.*)\n$/.exec(complaint)!
    expect(line).toMatch(says)
    if (secret) expect(complaint).not.toContain(secret)
    await expect(stat(away.LATCHKEY_DATA_DIR)).rejects.toThrow('ENOENT')
  },
)
