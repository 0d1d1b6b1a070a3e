import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
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

// The tests of this file tell one story, in this order.
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let dataDir: string
let service: Service
let authorization: string
// biome-ignore lint/suspicious/noExplicitAny: as answered
let instance: any

beforeAll(async () => {
  folder = await temporaryFolder()
  dataDir = join(folder.path, '.latchkey')
  service = await startService({}, { cwd: folder.path })
  authorization = (await firstAccess(dataDir)).authorization
})

afterAll(async () => {
  await service[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

test('a start without any variable tells the address, the place of the data and the sandbox', async () => {
  expect(service.out).toContain(`Latchkey listens on ${service.url}; `)
  expect(service.out).toContain(`Data, keys and first secrets: ${dataDir} (database in ${dataDir}/`)
  expect(service.out).toContain(`Sandbox vendor (answers as ConnectWise does): http://127.0.0.1:`)
  const health = await call({ url: service.url, authorization }, 'GET', '/ready')
  expect(health.body).toEqual({ status: 'ok' })
})

test('the command that it prints, pasted into a shell, provisions an instance', async () => {
  const command = /^ {2}(curl .*)$/m.exec(service.out)![1]!
  const { stdout } = await promisify(execFile)('sh', ['-c', `${command} -w '\n%{http_code}'`])
  const [body, status] = stdout.split('\n')
  expect(status).toBe('200')
  instance = JSON.parse(body!)
  expect(instance).toMatchObject({ name: 'Test', state: 'verified', valid: true })
  expect(instance.token).toMatch(/^lki_1_[0-9A-Za-z]{49}$/)
})

test('keys and first secrets are for their owner alone', async () => {
  for (const name of ['credentials.json', 'keys']) {
    expect((await stat(join(dataDir, name))).mode & 0o777).toBe(0o600)
  }
})

test('a second service on the same data is refused in a sentence, and the first serves on', async () => {
  const env = { LATCHKEY_DATA_DIR: dataDir, PORT: '0', LATCHKEY_SANDBOX_PORT: '0' }
  const second = await run('src/main.ts', env).ended
  expect(second).toMatchObject({ code: 1, out: '' })
  expect(second.complaint).toMatch(
    /^Latchkey cannot start: .* in use by another Latchkey \(process \d+\)\. .*LATCHKEY_DATA_DIR.*\n$/,
  )
  const path = `/instances/${instance.id}`
  expect((await call({ url: service.url, authorization }, 'GET', path)).status).toBe(200)
})

test('told to stop, it finishes the request that waits for a vendor, and PostgreSQL ends too', async () => {
  const { url } = service
  const sandbox = sandboxOf(service)
  const slow = { behaviour: 'slow', ms: 2_000, times: 1 }
  await call({ url: sandbox.url, authorization: '' }, 'PUT', '/sandbox/behaviour', {
    body: slow,
    authorization: null,
  })
  const waiting = call({ url, authorization }, 'POST', '/instances', {
    body: helpDesk({ sandbox }),
  })
  await until(async () => {
    const state = await call({ url: sandbox.url, authorization: '' }, 'GET', '/sandbox/behaviour')
    return state.body.behaviour === null
  })
  const postgres = await postgresOf(dataDir)
  expect(postgres).toBeDefined()

  const ended = service.stop()
  await until(() => service.out.includes('"signal":"SIGTERM"'))
  await until(() => isRefused(url))

  const answer = await waiting
  expect(answer.status).toBe(200)
  expect(await ended).toMatchObject({ code: 0, complaint: '' })
  const asked = service.out.lastIndexOf('"route":"POST /instances"')
  expect(asked).toBeGreaterThan(service.out.indexOf('"signal":"SIGTERM"'))
  expect(await postgresOf(dataDir)).toBeUndefined()
  await expect(stat(join(dataDir, 'postgres', 'data', 'postmaster.pid'))).rejects.toThrow('ENOENT')
})

test('started again, it has the same data, secrets and keys', async () => {
  const before = await readFile(join(dataDir, 'keys'), 'utf8')
  service = await startService({ LATCHKEY_DATA_DIR: dataDir })
  const found = await call({ url: service.url, authorization }, 'GET', `/instances/${instance.id}`)
  expect(found.body).toEqual(instance)
  expect(await readFile(join(dataDir, 'keys'), 'utf8')).toBe(before)
  expect(service.out).toContain(authorization)
})

function isRefused(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'))
    socket.on('connect', () => {
      socket.destroy()
      resolve(false)
    })
  })
}
