import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { createResolve, type Resolve } from '../../src/egress/resolve.ts'

/** The addresses of a name at its n-th question (from 0; A and AAAA count apart), or silence. */
export type Zone = (name: string, count: number) => string[] | 'silence'

export interface NameServer extends AsyncDisposable {
  /** Where it listens: address and port. */
  server: string
  /** How often a name was asked for; A and AAAA count apart. */
  asked(name: string, type?: 'A' | 'AAAA'): number
  /** Every address that this server alone knows for a host. */
  resolve: Resolve
}

const types = { 1: 'A', 28: 'AAAA' } as const

/** A real name server on UDP (RFC 1035) that may change its mind between two questions. */
export async function startNameServer(zone: Zone): Promise<NameServer> {
  const counts = new Map<string, number>()
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const { name, type, end } = readQuestion(query)
    const kind = types[type as 1 | 28]
    const count = counts.get(`${kind} ${name}`) ?? 0
    counts.set(`${kind} ${name}`, count + 1)
    const addresses = zone(name, count)
    if (addresses === 'silence') return
    const records = addresses.filter((address) => (isIPv6(address) ? 'AAAA' : 'A') === kind)
    const header = Buffer.from(query.subarray(0, 12))
    // An authoritative answer; a name without any address does not exist.
    header.writeUInt16BE(addresses.length === 0 ? 0x8583 : 0x8580, 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(records.length, 6)
    header.fill(0, 8)
    socket.send(
      Buffer.concat([header, query.subarray(12, end), ...records.map((one) => record(type, one))]),
      from.port,
      from.address,
    )
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')

  const server = `127.0.0.1:${socket.address().port}`
  const resolve = createResolve({
    servers: [server],
    hostsFile: '/dev/null',
    resolvFile: '/dev/null',
  })
  return {
    server,
    resolve,
    asked: (name, type = 'A') => counts.get(`${type} ${name}`) ?? 0,
    async [Symbol.asyncDispose]() {
      socket.close()
      await once(socket, 'close')
    },
  }
}

function readQuestion(query: Buffer) {
  const labels: string[] = []
  let at = 12
  while (query[at]! > 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!))
    at += 1 + query[at]!
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 }
}

/** A record that points back to the question's name and may be kept for no time at all. */
function record(type: number, address: string): Buffer {
  const data = isIPv6(address)
    ? Buffer.from(
        expand(address)
          .map((part) => Number.parseInt(part, 16))
          .flatMap((n) => [n >> 8, n & 255]),
      )
    : Buffer.from(address.split('.').map(Number))
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE(type, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

function expand(address: string): string[] {
  const [left, right] = address.split('::').map((half) => half.split(':').filter(Boolean))
  if (!right) return left!
  return [...left!, ...Array(8 - left!.length - right.length).fill('0'), ...right]
}
