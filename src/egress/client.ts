import { Exchange } from './exchange.ts'
import { aborted } from './failure.ts'
import { Identities } from './identities.ts'
import { Places } from './places.ts'
import { createPolicy } from './policy.ts'
import type { ClientCertificate, EgressAnswer, EgressRequest } from './request.ts'
import { createResolve, type Resolve } from './resolve.ts'
import { Stream } from './stream.ts'
import type { StreamAnswer } from './stream-answer.ts'
import type { StreamRequest } from './stream-request.ts'
import { createTrust } from './trust.ts'
import { readProxy } from './tunnel.ts'
import { Turns } from './turns.ts'
import { Watch } from './watch.ts'

export type { ClientCertificate, EgressAnswer, EgressRequest, StreamAnswer, StreamRequest }

export interface Egress extends AsyncDisposable {
  /**
   * Sends a request and reads the whole answer. Redirects within the origin are followed (three at
   * most); one to another origin is the answer, since headers and body may be credentials. Rejects
   * with an `EgressFailure`, and with nothing else.
   */
  send(request: EgressRequest): Promise<EgressAnswer>
  /**
   * Sends a request and answers as soon as the head of its answer is here; bodies stream both ways.
   * A redirect is an answer. Rejects with an `EgressFailure`, and with nothing else.
   */
  open(request: StreamRequest): Promise<StreamAnswer>
  /** How long a stream may be silent, whoever it comes from. */
  readonly idleMs: number
  /** Where long bodies wait for one another, whichever way they go. */
  readonly turns: Turns
  /** Why nothing is sent to an address, as far as that shows without resolving its name. */
  judge(url: URL): { reason: string } | undefined
}

export interface EgressOptions {
  /** Hosts, host:port, addresses and networks that may be private, plain http and on any port. */
  allow: readonly string[]
  /** An http:// proxy that tunnels to the addresses we judged. */
  proxy?: string
  resolve?: Resolve
  /** Authorities to trust besides the system's. */
  ca?: string | string[]
  /** For name, connection and handshake of one connection together; 5 seconds. */
  connectTimeoutMs?: number
  /** How long a stream may be silent before and after the head of its answer; a minute. */
  firstByteMs?: number
  idleMs?: number
  /** How many client certificates may have connections at a time, for each instance apart; 100. */
  maxIdentities?: number
}

/** The only way out of the process. Throws where allow-list or proxy can't be read. */
export function createEgress(options: EgressOptions): Egress {
  const policy = createPolicy(options.allow)
  const identities = new Identities({
    policy,
    resolve: options.resolve ?? createResolve(),
    trust: createTrust(options.ca),
    proxy: options.proxy === undefined ? undefined : readProxy(options.proxy),
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    maxIdentities: options.maxIdentities ?? 100,
  })
  const context = { policy, identities }
  const streams = {
    identities,
    places: new Places(policy),
    watch: new Watch(),
    turns: new Turns(),
    firstByteMs: options.firstByteMs ?? 60_000,
    idleMs: options.idleMs ?? 60_000,
  }

  return {
    send(request) {
      const settle = Promise.withResolvers<EgressAnswer>()
      try {
        if (request.signal?.aborted) throw aborted()
        new Exchange(context, request, settle).start()
      } catch (error) {
        settle.reject(error)
      }
      return settle.promise
    },
    open(request) {
      const settle = Promise.withResolvers<StreamAnswer>()
      try {
        new Stream(streams, request, settle).start()
      } catch (error) {
        settle.reject(error)
      }
      return settle.promise
    },
    idleMs: streams.idleMs,
    turns: streams.turns,
    judge: (url) => policy.judgeUrl(url),
    [Symbol.asyncDispose]: () => identities.close(),
  }
}
