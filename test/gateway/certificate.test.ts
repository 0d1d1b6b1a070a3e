import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Listener, listenTls } from '../egress/listener.ts'
import { createAuthority } from '../support/authority.ts'
import { startWorld, type World } from '../support/world.ts'
import { instanceOf, through } from './through.ts'
import { definitions } from './types-elements.ts'

const authority = createAuthority()
const issue = (name: string) => {
  const { key, cert } = authority.issue({ names: [name], clientAuth: true })
  return `${cert}${key}`
}

let world: World
let vendor: Listener

beforeAll(async () => {
  const server = authority.issue({ names: ['127.0.0.1'] })
  vendor = await listenTls(
    { ...server, ca: authority.caPem, requestCert: true, rejectUnauthorized: false },
    async (request, response) => {
      const socket = request.socket as TLSSocket
      let size = 0
      for await (const chunk of request) size += chunk.length
      const name = socket.authorized ? socket.getPeerCertificate().subject.CN : 'a stranger'
      response.end(`${name} ${size}`)
    },
  )
  world = await startWorld({ definitions, allow: ['127.0.0.1'], egress: { ca: authority.caPem } })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

test('each instance presents its own certificate, and one that has none presents none', async () => {
  const connect = (element: string, more: object) =>
    instanceOf(world, element, { server: vendor.origin, ...more })
  const acme = await connect('certificate', { cert: issue('acme.example') })
  const other = await connect('certificate', { cert: issue('other.example') })
  const nobody = await connect('nobody', {})
  const body = Buffer.alloc(200_000)
  for (let count = 0; count < 3; count += 1) {
    expect((await through(world, acme, 'POST', '/x', { body })).text).toBe('acme.example 200000')
    expect((await through(world, nobody, 'GET', '/x')).text).toBe('a stranger 0')
    expect((await through(world, other, 'GET', '/x')).text).toBe('other.example 0')
  }
})
