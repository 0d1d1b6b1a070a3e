import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { aborted } from '../egress/failure.ts'
import type { TrailedBody } from '../egress/trailed.ts'
import { piece, type Turns } from '../egress/turns.ts'
import { isHandedOn } from './request-headers.ts'

/**
 * The body of a client's request on its way to the vendor: nothing of it is read before somebody
 * wants it, and what becomes of it leaves the client's connection alone, so that it can be answered.
 */
export class Upload extends Readable {
  /** Those that the client announced and the vendor gets, like headers; undefined where there are none. */
  readonly trailers: TrailedBody['trailers'] | undefined
  readonly #source: IncomingMessage
  readonly #onFirstRead: () => void
  readonly #turns: Turns
  #isReading = false
  #run = 0
  #rests = false

  /** @param onFirstRead called when the body is wanted: the moment to say `100 Continue` */
  constructor(source: IncomingMessage, turns: Turns, onFirstRead: () => void) {
    super({ highWaterMark: 64 * 1024 })
    this.trailers = trailersOf(source)
    this.#source = source
    this.#turns = turns
    this.#onFirstRead = onFirstRead
  }

  override _read(): void {
    if (!this.#isReading) this.#begin()
    if (!this.#rests) this.#source.resume()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#source.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose)
    this.#source.pause()
    done(error)
  }

  #begin() {
    this.#isReading = true
    this.#onFirstRead()
    this.#source.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose)
    // Without a listener, a client that leaves would end the process.
    this.#source.on('error', () => {})
  }

  readonly #onData = (chunk: Buffer) => {
    if (!this.push(chunk)) this.#source.pause()
    this.#run += chunk.length
    if (this.#run >= piece) this.#rest()
  }

  #rest() {
    this.#run = 0
    this.#rests = true
    this.#source.pause()
    this.#turns.wait(() => {
      this.#rests = false
      if (this.destroyed || this.readableLength >= this.readableHighWaterMark) return false
      this.#source.resume()
      return true
    })
  }

  readonly #onEnd = () => {
    this.push(null)
  }

  readonly #onClose = () => {
    if (!this.#source.complete) this.destroy(aborted())
  }
}

function trailersOf(source: IncomingMessage): TrailedBody['trailers'] | undefined {
  const { trailer, 'transfer-encoding': encoding } = source.headers
  if (trailer === undefined || encoding === undefined) return undefined
  const announced = trailer.split(',').map((name) => name.trim().toLowerCase())
  const names = announced.filter(mayTrail)
  if (names.length === 0) return undefined
  return {
    names,
    fields: () =>
      Object.entries(source.trailers)
        .filter(([name]) => names.includes(name))
        .map(([name, value]) => [name, value ?? '']),
  }
}

/** RFC 9110, section 6.5.1: not what says how to read the message. */
function mayTrail(name: string): boolean {
  return isHandedOn(name) && !/^(?:content-(?!digest$|md5$)|range$|if-|prefer$|cache-)/.test(name)
}
