import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * A vendor in a process of its own, which notes when it got each call, and when it was not able to
 * look. Times are milliseconds of the machine's monotonic clock. `?ms=` is how long an answer takes.
 */
export interface VendorReport {
  arrivals: { at: number; from: string }[]
  stalls: { from: number; to: number }[]
  mostAtOnce: number
}

const lookEveryMs = 3
const now = () => Number(process.hrtime.bigint()) / 1e6

let report: VendorReport = { arrivals: [], stalls: [], mostAtOnce: 0 }
let atOnce = 0
let looked = now()
setInterval(() => {
  const at = now()
  if (at - looked > 10) report.stalls.push({ from: looked, to: at })
  looked = at
}, lookEveryMs)

const server = createServer((request, response) => {
  const at = now()
  const url = new URL(request.url!, 'http://vendor')
  if (url.pathname === '/report') {
    response.end(JSON.stringify(report))
    report = { arrivals: [], stalls: [], mostAtOnce: atOnce }
    return
  }
  report.arrivals.push({ at, from: url.searchParams.get('from') ?? '' })
  atOnce += 1
  report.mostAtOnce = Math.max(report.mostAtOnce, atOnce)
  response.on('close', () => {
    atOnce -= 1
  })
  const ms = Number(url.searchParams.get('ms') ?? 0)
  if (ms > 0) setTimeout(() => response.end('ok'), ms)
  else response.end('ok')
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port))
