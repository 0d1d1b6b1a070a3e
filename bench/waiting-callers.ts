import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** So many calls at once, each on a connection of its own. */
export interface CallersOrder {
  url: string
  path: string
  authorization: string
  calls: number
  /** How long each waits for its turn. */
  waitSeconds: number
  /** All of them wait until the same moment: so long after the order. */
  together: boolean
}

export interface CallersReport {
  statuses: Record<string, number>
  /** Of our own refusals. */
  codes: Record<string, number>
  /** From the first answer to the last. */
  ms: number
}

/** Connections that are opened at a time. */
const atOnce = 100

async function run(order: CallersOrder): Promise<CallersReport> {
  const { hostname, port, host } = new URL(order.url)
  const until = performance.now() + order.waitSeconds * 1000
  const report: CallersReport = { statuses: {}, codes: {}, ms: 0 }
  const answered: Promise<void>[] = []
  let firstAt: number | undefined
  const hear = async (socket: Socket) => {
    const text = String(await once(socket, 'data'))
    firstAt ??= performance.now()
    report.ms = performance.now() - firstAt
    const status = text.slice(9, 12)
    const code = /^elements-error: (\S+)/im.exec(text)?.[1]
    report.statuses[status] = (report.statuses[status] ?? 0) + 1
    if (code) report.codes[code] = (report.codes[code] ?? 0) + 1
    socket.destroy()
  }
  for (let at = 0; at < order.calls; at += atOnce) {
    const count = Math.min(atOnce, order.calls - at)
    const sockets = Array.from({ length: count }, () => connect(Number(port), hostname))
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    for (const socket of sockets) {
      const left = order.together ? (until - performance.now()) / 1000 : order.waitSeconds
      answered.push(hear(socket))
      socket.write(
        `GET ${order.path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: ${order.authorization}\r\naccept: application/json\r\nuser-agent: waiting/1.0\r\nelements-wait-timeout: ${Math.max(0, left).toFixed(3)}\r\n\r\n`,
      )
    }
  }
  await Promise.all(answered)
  return report
}

process.once('disconnect', () => process.exit())
process.on('message', async (order: CallersOrder) => process.send!(await run(order)))
process.send!('ready')
