import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type SecureContext } from 'node:tls'
import type { buildConnector } from 'undici'
import { readAddress } from './address.ts'
import { plainHost } from './allow-list.ts'
import {
  connectFailure,
  EgressFailure,
  exchangeFailure,
  nameFailure,
  tlsFailure,
} from './failure.ts'
import type { Destination, EgressPolicy } from './policy.ts'
import type { Resolve, ResolvedAddress } from './resolve.ts'
import { type EgressProxy, openTunnel } from './tunnel.ts'

export interface ConnectorOptions {
  policy: EgressPolicy
  resolve: Resolve
  secureContext: () => SecureContext
  /** Whether that presents a certificate. */
  presents: boolean
  proxy: EgressProxy | undefined
  /** For name, connection and handshake together. */
  connectTimeoutMs: number
}

/** Opens the connections of undici's pools: judge, connect to what was judged, then TLS. */
export class Connector {
  readonly #options: ConnectorOptions
  readonly #attempts = new Set<AbortController>()
  #handing = false

  constructor(options: ConnectorOptions) {
    this.#options = options
  }

  /**
   * True while a new connection is handed to undici, which writes the request that it was opened
   * for before it returns. A request that starts at any other time starts on a used connection.
   */
  get handing(): boolean {
    return this.#handing
  }

  readonly connect: buildConnector.connector = ({ protocol, hostname, port }, callback) => {
    const destination = {
      protocol,
      hostname,
      port: Number(port) || (protocol === 'https:' ? 443 : 80),
    }
    this.open(destination).then(
      (socket) => {
        // undici would retry for ever on a socket that ended on the way here.
        if (socket.destroyed) {
          const error = socket.errored ?? new Error('closed')
          return callback(exchangeFailure(destination, error, false), null)
        }
        this.#handing = true
        try {
          callback(null, socket)
        } finally {
          this.#handing = false
        }
      },
      (error) => callback(error, null),
    )
  }

  /** Ends what is still being opened. */
  close(): void {
    for (const attempt of this.#attempts) attempt.abort()
  }

  /** A connection of one's own to what was judged, in no pool. */
  async open(destination: Destination): Promise<Socket> {
    const { proxy, connectTimeoutMs } = this.#options
    const attempt = new AbortController()
    const timer = setTimeout(() => attempt.abort(timedOut()), connectTimeoutMs)
    this.#attempts.add(attempt)
    try {
      const addresses = await this.#judge(destination, attempt.signal)
      const socket = proxy
        ? await openTunnel(proxy, preferred(addresses), destination, attempt.signal)
        : await dial(addresses, destination, attempt.signal)
      return destination.protocol === 'https:'
        ? await this.#secure(socket, destination, attempt.signal)
        : socket
    } finally {
      clearTimeout(timer)
      this.#attempts.delete(attempt)
    }
  }

  /** The addresses to connect to, every one of them judged; one bad one refuses the host. */
  async #judge(destination: Destination, signal: AbortSignal): Promise<ResolvedAddress[]> {
    const { policy, resolve } = this.#options
    const host = plainHost(destination.hostname)
    const literal = readAddress(host)
    let found: { address: string }[]
    if (literal) {
      found = [{ address: literal.toString() }]
    } else {
      try {
        found = await before(signal, resolve(host, signal))
      } catch (error) {
        throw nameFailure(host, error)
      }
    }
    if (found.length === 0) throw nameFailure(host, undefined)
    return found.map((one) => {
      const judged = policy.judgeAddress(destination, one.address)
      if ('reason' in judged) throw new EgressFailure('forbidden', judged.reason)
      return { address: judged.address, family: isIP(judged.address) as 4 | 6 }
    })
  }

  async #secure(socket: Socket, destination: Destination, signal: AbortSignal): Promise<Socket> {
    const host = plainHost(destination.hostname)
    try {
      const secure = connectTls({
        socket,
        host,
        ...(isIP(host) === 0 && { servername: host }),
        secureContext: this.#options.secureContext(),
        ALPNProtocols: ['http/1.1'],
      })
      await reached(secure, 'secureConnect', signal)
      // An alert that comes after the handshake (no client certificate, in TLS 1.3) must end the
      // socket here, or undici takes the end of the stream that follows for the reason.
      return secure.on('error', (error) => secure.destroy(error))
    } catch (error) {
      socket.destroy()
      throw tlsFailure({ ...destination, presents: this.#options.presents }, error)
    }
  }
}

/** A proxy gets one address only, of the kind that it is more likely to have a way to. */
function preferred(addresses: ResolvedAddress[]): string {
  return (addresses.find(({ family }) => family === 4) ?? addresses[0]!).address
}

/** Connects to one of the judged addresses: the next is tried where one is slow or refuses. */
async function dial(
  addresses: ResolvedAddress[],
  destination: Destination,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = connectTcp({
    host: addresses.length === 1 ? addresses[0]!.address : destination.hostname,
    port: destination.port,
    // Called for a name only, and it knows nothing but what was judged: no second look-up.
    lookup: (_host, _options, callback) => callback(null, addresses),
    autoSelectFamily: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
  })
  try {
    await reached(socket, 'connect', signal)
    return socket
  } catch (error) {
    throw connectFailure(destination, error)
  }
}

function reached(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const stop = () => socket.destroy(signal.reason)
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  // The listener for errors stays: none may be without one before undici adds its own.
  socket.once(event, resolve).on('error', reject).once('close', reject)
  return promise.finally(() => {
    signal.removeEventListener('abort', stop)
    socket.off('close', reject)
  })
}

function before<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const stop = () => reject(signal.reason)
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', stop))
}

function timedOut(): Error {
  return Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })
}
