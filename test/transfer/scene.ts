import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { createInterface } from 'node:readline'
import { startWebServer, type WebServer } from '../support/web-server.ts'
import type { World } from '../support/world.ts'

/** An element whose vendor is `startVendor`'s. */
export const gatedElement = {
  format: 1,
  id: 9811,
  key: 'gated',
  name: 'Gated',
  hub: 'general',
  description: 'Answers when it is told to.',
  configDescription: 'Made up for the tests.',
  image: 'elements/gated.png',
  entries: [
    { key: 'secret', name: 'Secret', type: 'password', required: true, secret: true },
    { key: 'url', name: 'Address', type: 'url', required: true },
  ],
  baseUrl: '{url}',
  authentications: [{ type: 'basic', name: 'Basic', username: 'any', password: '{secret}' }],
  probes: [
    {
      method: 'GET',
      path: 'me',
      rules: [
        { when: { status: 200 }, verdict: 'verified' },
        { when: { status: 401 }, verdict: 'rejected', message: 'It does not know this secret.' },
      ],
    },
  ],
}

export interface Vendor extends WebServer {
  /** Lets those in that it has kept waiting, and all that come. */
  open(): void
  /** How many it keeps waiting now. */
  waiting(): number
}

/** Refuses the secret `wrong`, and keeps `slow` waiting. */
export async function startVendor(): Promise<Vendor> {
  const gate = Promise.withResolvers<void>()
  let waiting = 0
  const server = await startWebServer(async ({ headers }) => {
    const [, secret] = Buffer.from(String(headers.authorization).split(' ')[1]!, 'base64')
      .toString()
      .split(':')
    if (secret !== 'slow') return { status: secret === 'wrong' ? 401 : 200, body: {} }
    waiting += 1
    await gate.promise
    waiting -= 1
    return { status: 200, body: {} }
  })
  return { ...server, open: () => gate.resolve(), waiting: () => waiting }
}

/** A request of JSON lines under way. */
export interface Duplex {
  request: ClientRequest
  write(line: unknown): void
  /** The next line of the answer. */
  next(): Promise<Line | undefined>
  status(): Promise<number>
}

export interface Line {
  line: number
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: a test states what it expects
  [member: string]: any
}

/** Sends lines and reads those of the answer at the same time. */
export function openBulk(
  world: Pick<World, 'url' | 'authorization'>,
  headers: Record<string, string> = {},
): Duplex {
  const { authorization } = world
  const sending = request(`${world.url}/instances/bulk`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/x-ndjson', ...headers },
  })
  sending.flushHeaders()
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sending.once('response', resolve)
    sending.on('error', reject)
  })
  answered.catch(() => {})
  let lines: AsyncIterator<string> | undefined
  return {
    request: sending,
    write: (line) => sending.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`),
    next: async () => {
      lines ??= createInterface({ input: await answered })[Symbol.asyncIterator]()
      const { value, done } = await lines.next()
      return done ? undefined : JSON.parse(value)
    },
    status: async () => (await answered).statusCode!,
  }
}
