import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Listener, listen } from '../egress/listener.ts'
import { call } from '../support/client.ts'
import { firstAccess, type Service, startService } from '../support/service.ts'
import { definitions, password } from './scene.ts'

const total = 1024 ** 3
const chunk = Buffer.alloc(256 * 1024, 'x')
const mayGrow = 128 * 1024 * 1024

let dataDir: string
let service: Service
let vendor: Listener
let authorization: string

beforeAll(async () => {
  vendor = await listen(async (message, response) => {
    if (message.method === 'GET') {
      response.writeHead(200, message.url === '/sized' ? { 'content-length': total } : {})
      for (let sent = 0; sent < total; sent += chunk.length) {
        if (!response.write(chunk)) await once(response, 'drain')
      }
      response.end()
    } else {
      let length = 0
      for await (const piece of message) length += piece.length
      response.end(String(length))
    }
  })
  dataDir = await mkdtemp(join(tmpdir(), 'latchkey-large-'))
  service = await startService({ LATCHKEY_DATA_DIR: dataDir, LATCHKEY_EGRESS_ALLOW: '127.0.0.1' })
  const access = await firstAccess(dataDir)
  const world = { url: service.url, authorization: access.authorization as string }
  const { format: _, id: __, image: ___, ...element } = definitions[0]!
  const made = await call(world, 'POST', '/elements', {
    body: { ...element, key: 'large', format: 1 },
  })
  if (made.status !== 200) throw new Error(made.text)
  const body = {
    element: { key: 'large' },
    name: 'N',
    configuration: { server: vendor.origin, user: 'someone', secret: password },
  }
  const { body: instance } = await call(world, 'POST', '/instances', { body })
  authorization = `${access.authorization}, Element ${instance.token}`
}, 120_000)
afterAll(async () => {
  await service?.stop()
  await vendor?.[Symbol.asyncDispose]()
  await rm(dataDir, { recursive: true, force: true })
})

/** What the service's process keeps in memory, in bytes. */
function residentBytes(): number {
  const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))!
  return Number(kib) * 1024
}

async function whileWatched(work: () => Promise<void>): Promise<number> {
  const before = residentBytes()
  let most = before
  const watch = setInterval(() => {
    most = Math.max(most, residentBytes())
  }, 50)
  await work().finally(() => clearInterval(watch))
  return most - before
}

test.each(['/sized', '/chunked'])('an answer of 1 GB costs no memory: %s', async (path) => {
  const get = async () => {
    const sent = request(`${service.url}/proxy${path}`, { headers: { authorization } }).end()
    const [answer] = await once(sent, 'response')
    let length = 0
    for await (const piece of answer) length += piece.length
    expect(length).toBe(total)
  }
  await call({ url: service.url, authorization }, 'PUT', '/proxy/small', { body: 'warm' })
  expect(await whileWatched(get)).toBeLessThan(mayGrow)
})

test.each([{ 'content-length': total }, { 'transfer-encoding': 'chunked' }])(
  'a body of 1 GB costs no memory: %j',
  async (headers) => {
    const put = async () => {
      const sent = request(`${service.url}/proxy/x`, {
        method: 'PUT',
        headers: { authorization, ...headers },
      })
      const answered = once(sent, 'response')
      for (let written = 0; written < total; written += chunk.length) {
        if (!sent.write(chunk)) await once(sent, 'drain')
      }
      sent.end()
      const [answer] = await answered
      let text = ''
      for await (const piece of answer) text += piece
      expect(text).toBe(String(total))
    }
    expect(await whileWatched(put)).toBeLessThan(mayGrow)
  },
)
