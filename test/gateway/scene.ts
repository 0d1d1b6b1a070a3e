import { connect as connectTcp, type Socket } from 'node:net'
import { call } from '../support/client.ts'
import type { World } from '../support/world.ts'

const entry = (key: string, more: object = {}) => ({
  key,
  name: key,
  type: 'text',
  required: true,
  ...more,
})

/** An element with basic authentication, or as `more` says. */
export const element = (id: number, key: string, more: object = {}) => ({
  format: 1,
  id,
  key,
  name: key[0]!.toUpperCase() + key.slice(1),
  hub: 'general',
  description: 'Stands for an element of its kind.',
  configDescription: 'Made up for the tests.',
  image: `elements/${key}.png`,
  entries: [
    entry('server', { type: 'url' }),
    entry('user'),
    entry('secret', { type: 'password', secret: true }),
  ],
  baseUrl: '{server}',
  authentications: [{ type: 'basic', name: 'Basic', username: '{user}', password: '{secret}' }],
  ...more,
})

export const definitions = [
  element(9701, 'open', {}),
  element(9702, 'beneath', { baseUrl: '{server}/api/v1' }),
  element(9703, 'asking', {
    authentications: [
      { type: 'apiKey', name: 'Key', in: 'query', parameter: 'api_key', value: '{secret}' },
    ],
  }),
  element(9704, 'stating', {
    headers: { accept: 'application/vnd.stating+json', 'stating-user': '{user}' },
    gateway: { requestHeaders: ['My-Own-Thing', 'Stating-User'] },
  }),
]

export const password = 'an-unguessable-password-71c2'
export const basic = `Basic ${Buffer.from(`someone:${password}`).toString('base64')}`

/** An instance of one of them at a vendor: its id, and the header with which it is called through. */
export async function connect(world: World, server: string, key = 'open') {
  const { status, text, body } = await call(world, 'POST', '/instances', {
    body: {
      element: { key },
      name: 'N',
      configuration: { server, user: 'someone', secret: password },
    },
  })
  if (status !== 200) throw new Error(text)
  const authorization = `${world.authorization}, Element ${body.token}`
  return { id: body.id as number, token: body.token as string, authorization }
}

export interface RawAnswer {
  /** All that came, in Latin-1. */
  text: string
  /** Whether the other end reset the connection. */
  reset: boolean
}

/** Sends these bytes as they are and waits until the other end closes. */
export async function sendRaw(
  { url }: Pick<World, 'url'>,
  head: string,
  during: (socket: Socket, text: () => string) => void = () => {},
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  const { promise, resolve } = Promise.withResolvers<RawAnswer>()
  const socket = connectTcp(Number(port), hostname)
  let text = ''
  let reset = false
  socket
    .setEncoding('latin1')
    .on('data', (chunk) => {
      text += chunk
    })
    .on('error', () => {
      reset = true
    })
    .on('close', () => resolve({ text, reset }))
  socket.write(head, 'latin1')
  during(socket, () => text)
  return promise
}
