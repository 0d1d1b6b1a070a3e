import type { Readable } from 'node:stream'
import type { ClientCertificate } from './request.ts'

/** What tells that nobody waits any more: an `AbortSignal`, or as much of one as is needed. */
export interface Cancellation {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void, options?: { once: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** A request whose bodies stream. */
export interface StreamRequest {
  method: string
  /** Absolute; path and query go out byte for byte. */
  url: string
  /** What belongs to the connection (`host`, `content-length`, …) is left out. */
  headers: Record<string, string>
  /** One that is a `TrailedBody` is followed by its trailers. */
  body?: Readable | Buffer | string | undefined
  /** Of a body that streams; left out where it is not known. */
  length?: number | undefined
  clientCertificate?: ClientCertificate | undefined
  signal?: Cancellation | undefined
  /**
   * Asked right before the first byte is written. Where it says no, nothing is sent, and the request
   * fails with the code `withdrawn`.
   */
  mayStart?: (() => boolean) | undefined
  /** Until the head of the answer, from the last byte of the request that went out; 60 seconds. */
  firstByteMs?: number | undefined
  /** Between two pieces of the answer, and until the client takes one; 60 seconds. */
  idleMs?: number | undefined
  /**
   * Whether it may be sent again where the vendor closes an idle connection at the moment of use.
   * GET, HEAD and OPTIONS without a body that streams are, unless said otherwise.
   */
  repeatable?: boolean | undefined
}
