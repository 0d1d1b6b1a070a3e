import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Callers, each with a connection of its own and one call under way, until they are told to stop. */
export interface CrowdOrder {
  /** Calls that differ in where they go: the callers are dealt out among them. */
  calls: { url: string; path: string; authorization: string }[]
  callers: number
  /** How many calls each caller makes; left out: as many as it can until it is stopped. */
  each?: number
}

export interface CrowdReport {
  statuses: Record<string, number>
  /** The first answer that was not a 200, headers and body. */
  refusal?: string
  /** Whose connection broke. */
  broken: number
}

const report: CrowdReport = { statuses: {}, broken: 0 }
const sockets = new Set<Socket>()
let stopped = false

async function begin({ calls, callers, each = Number.POSITIVE_INFINITY }: CrowdOrder) {
  const opened = await Promise.all(
    Array.from({ length: callers }, async (_, at) => {
      const { url, path, authorization } = calls[at % calls.length]!
      const { hostname, port, host } = new URL(url)
      const socket = connect(Number(port), hostname)
      await once(socket, 'connect')
      sockets.add(socket)
      const head = `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: ${authorization}\r\nelements-wait-timeout: 300\r\n\r\n`
      return { socket, head }
    }),
  )
  await Promise.all(opened.map(({ socket, head }) => drive(socket, head, each)))
}

function drive(socket: Socket, head: string, each: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let received = ''
  let left = each
  const send = () => {
    left -= 1
    socket.write(head)
  }
  socket.setNoDelay(true).setEncoding('latin1')
  socket.on('error', () => {})
  socket.on('close', () => {
    sockets.delete(socket)
    if (left >= 0 && !stopped) report.broken += 1
    resolve()
  })
  socket.on('data', (chunk) => {
    received += chunk
    const end = received.indexOf('\r\n\r\n')
    if (end < 0) return
    const chunked = /\r\ntransfer-encoding: chunked/i.test(received.slice(0, end))
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(received)?.[1] ?? 0)
    const isWhole = chunked ? received.endsWith('0\r\n\r\n') : received.length >= end + 4 + length
    if (!isWhole) return
    const status = received.slice(9, 12)
    if (status !== '200') report.refusal ??= received
    report.statuses[status] = (report.statuses[status] ?? 0) + 1
    received = ''
    if (stopped || left <= 0) {
      left = -1
      socket.destroy()
    } else send()
  })
  send()
  return promise
}

process.once('disconnect', () => process.exit())
process.on('message', async (order: CrowdOrder | 'stop') => {
  if (order === 'stop') {
    stopped = true
    for (const socket of sockets) socket.destroy()
    process.send!(report)
  } else {
    await begin(order)
    if (order.each !== undefined) process.send!(report)
  }
})
process.send!('ready')
