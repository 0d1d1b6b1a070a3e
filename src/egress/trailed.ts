import { request as createRequest, type IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Connector } from './connector.ts'
import type { Place } from './places.ts'

/** A body that comes with trailers (RFC 9110, section 6.5), announced before it. */
export interface TrailedBody extends Readable {
  trailers: {
    names: readonly string[]
    /** Once the body has ended. */
    fields(): [name: string, value: string][]
  }
}

interface TrailedRequest {
  method: string
  path: string
  /** A flat list. */
  headers: readonly string[]
  body: TrailedBody
}

type Handler = Required<
  Pick<
    Dispatcher.DispatchHandler,
    | 'onRequestStart'
    | 'onResponseStarted'
    | 'onResponseStart'
    | 'onResponseData'
    | 'onResponseEnd'
    | 'onResponseError'
  >
> & { onBodySent(): void }

export function isTrailed(body: unknown): body is TrailedBody {
  return (body as Partial<TrailedBody> | undefined)?.trailers !== undefined
}

/** What a dispatcher of undici does, which sends no trailers: once, over a connection of its own. */
export function dispatchTrailed(
  connector: Connector,
  place: Place,
  { method, path, headers, body }: TrailedRequest,
  handler: Handler,
): void {
  const { names, fields } = body.trailers
  const framing = ['transfer-encoding', 'chunked', 'trailer', names.join(', ')]
  const sent = createRequest({
    method,
    path,
    headers: ['host', new URL(place.origin).host, ...headers, ...framing],
    maxHeaderSize: 32 * 1024,
    createConnection(_, callback) {
      connector.open(place).then(
        (socket) => callback(null, socket),
        (error) => callback(error, undefined as never),
      )
      return undefined
    },
  })
  let answer: IncomingMessage | undefined
  const controller = {
    rawHeaders: null as Buffer[] | null,
    rawTrailers: null as Buffer[] | null,
    get paused() {
      return answer?.isPaused() ?? false
    },
    aborted: false,
    reason: null,
    pause: () => void answer?.pause(),
    resume: () => void answer?.resume(),
    abort: (reason: Error) => void sent.destroy(reason),
  }
  const told = controller as unknown as Dispatcher.DispatchController
  const fail = (error: Error) => handler.onResponseError(told, error)
  sent.on('socket', () => {
    try {
      handler.onRequestStart(told, null)
    } catch (error) {
      sent.destroy(error as Error)
      return
    }
    body
      .on('data', (chunk: Buffer) => {
        handler.onBodySent()
        if (!sent.write(chunk)) body.pause()
      })
      .on('end', () => {
        sent.addTrailers(fields())
        sent.end()
      })
      .on('error', (error) => sent.destroy(error))
  })
  sent.on('drain', () => body.resume()).on('close', () => body.destroy())
  sent.on('error', fail)
  sent.on('response', (response) => {
    answer = response
    controller.rawHeaders = response.rawHeaders.map((part) => Buffer.from(part, 'latin1'))
    handler.onResponseStarted()
    handler.onResponseStart(told, response.statusCode!, response.headers as never)
    response
      .on('data', (chunk: Buffer) => handler.onResponseData(told, chunk))
      .on('end', () => {
        controller.rawTrailers = response.rawTrailers.map((part) => Buffer.from(part, 'latin1'))
        handler.onResponseEnd(told, {})
        sent.destroy()
      })
      .on('error', fail)
  })
}
