import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** One slice: so many connections, each with one request under way at a time. */
export interface LoadOrder {
  url: string
  /** Other servers that share the connections with the first. */
  others?: readonly string[]
  headers: Record<string, string>
  /** With one it is a POST, else a GET. */
  body?: string
  /** A header that has another UUID in every request. */
  freshHeader?: string
  connections: number
  /** From one request of a connection to the next; left out: each as soon as the last is answered. */
  everyMs?: number
  ms: number
}

export interface LoadResult {
  /** From the first request to the last answer. */
  ms: number
  /** Of every request, in milliseconds. */
  latencies: number[]
  /** How many answers had which status. */
  statuses: Record<string, number>
  /** The first answer that was not a 200, headers and body. */
  refusal?: string
}

const keyPlace = '00000000-0000-0000-0000-000000000000'

// A small HTTP/1.1 client, since a general one costs more than the server that is measured.
async function run(order: LoadOrder): Promise<LoadResult> {
  const servers = [order.url, ...(order.others ?? [])].map((url) => new URL(url))
  const sockets = Array.from({ length: order.connections }, (_, at) => {
    const { hostname, port } = servers[at % servers.length]!
    return connect(Number(port), hostname)
  })
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  const request = renderRequest(order)
  const result: LoadResult = { ms: 0, latencies: [], statuses: {} }
  const started = performance.now()
  const until = started + order.ms
  await Promise.all(
    sockets.map((socket) => drive(socket, Buffer.from(request), order.everyMs, until, result)),
  )
  result.ms = performance.now() - started
  for (const socket of sockets) socket.destroy()
  return result
}

function renderRequest({ url, headers, body = '', freshHeader }: LoadOrder): string {
  const { host, pathname, search } = new URL(url)
  const method = body ? 'POST' : 'GET'
  const all = {
    host,
    ...headers,
    ...(freshHeader && { [freshHeader]: keyPlace }),
    ...(body && { 'content-length': String(Buffer.byteLength(body)) }),
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${pathname}${search} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}

/** Sends and awaits on one connection, again and again, until the time is over. */
function drive(
  socket: Socket,
  request: Buffer,
  everyMs: number | undefined,
  until: number,
  result: LoadResult,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const keyAt = request.indexOf(keyPlace)
  let sentAt = 0
  let received: Buffer | undefined
  const send = () => {
    if (keyAt >= 0) request.write(randomUUID(), keyAt, 'latin1')
    // The kernel has taken the last one whole, or there would be no answer.
    socket.write(request)
  }
  const sendAt = (due: number) => {
    const earlyMs = due - performance.now()
    // One that is late, for the answer before was late, has waited since it was due.
    sentAt = due
    if (earlyMs <= 0) return send()
    setTimeout(() => {
      sentAt = performance.now()
      send()
    }, earlyMs)
  }
  socket.setNoDelay(true)
  socket.on('error', reject).on('close', () => reject(new Error('the server closed a connection')))
  socket.on('data', (chunk: Buffer) => {
    received = received ? Buffer.concat([received, chunk]) : chunk
    const status = readAnswer(received)
    if (status === undefined) return
    if (status !== '200') result.refusal ??= received.toString()
    received = undefined
    const now = performance.now()
    result.latencies.push(now - sentAt)
    result.statuses[status] = (result.statuses[status] ?? 0) + 1
    if (now < until) sendAt(everyMs === undefined ? now : sentAt + everyMs)
    else resolve()
  })
  // Not all in step.
  sendAt(performance.now() + Math.random() * (everyMs ?? 0))
  return promise
}

/** The status of an answer that has come whole. */
function readAnswer(bytes: Buffer): string | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = bytes.toString('latin1', 0, end)
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length === undefined) throw new Error(`an answer without a length:\n${head}`)
  return bytes.length >= end + 4 + Number(length) ? head.slice(9, 12) : undefined
}

process.once('disconnect', () => process.exit())
process.on('message', async (order: LoadOrder) => process.send!(await run(order)))
process.send!('ready')
