import type { ServerResponse } from 'node:http'

/** An answer whose head is here, and whose body is whoever's reads or pipes it. */
export interface StreamAnswer {
  status: number
  /** As the vendor sent them, names and values in turn, in Latin-1. */
  rawHeaders: string[]
  /** In lower case. */
  headers: Record<string, string | string[]>
  /** The first bytes of the body, `max` of them or as many as there are; they stay to be read. */
  peek(max: number): Promise<Buffer>
  /**
   * Hands the body and its trailers to a response whose head is written, as fast as that takes them,
   * and ends it. Resolves when all of it was handed over. `mayTrail` says which trailers go along.
   * @throws {EgressFailure} where vendor or client break off; the response is destroyed then, so
   *   that nobody takes it for whole
   */
  pipe(sink: ServerResponse, mayTrail?: (name: string) => boolean): Promise<void>
  /** All of the body. @throws {EgressFailure} `too-large` beyond `max` bytes */
  read(max: number): Promise<Buffer>
  /** Nobody wants the body. */
  discard(): void
}
