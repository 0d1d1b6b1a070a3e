import type { ServerResponse } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { Values, VendorRequest } from '../exchange/request.ts'
import { renderCall, type SeenCall } from './call-log-entry.ts'
import type { Callable } from './callable.ts'
import type { CallBody } from './keep-body.ts'
import { KeptBody } from './kept-body.ts'

type Ended = Pick<SeenCall, 'status' | 'code' | 'durationMs' | 'waitedMs' | 'attempts'>

/** What goes by in a call that is to be kept. */
export class Recording {
  readonly #callable: Callable
  readonly #request: FastifyRequest
  readonly #path: string
  readonly #at = new Date()
  readonly #sent = new KeptBody()
  readonly #received = new KeptBody()
  #signing: Pick<SeenCall, 'unsigned' | 'signed' | 'values'> | undefined
  #head: { status: number; headers: Record<string, string | string[]> } | undefined

  constructor(callable: Callable, request: FastifyRequest, path: string, body: CallBody) {
    this.#callable = callable
    this.#request = request
    this.#path = path
    // What nobody reads is not kept: to listen would be to read.
    if (body.kind === 'stream') watchCalls(body.stream, ['push'], this.#sent)
  }

  signs(unsigned: VendorRequest, signed: VendorRequest, values: Values) {
    this.#signing = { unsigned, signed, values }
  }

  answers(
    { status, headers }: { status: number; headers: Record<string, string | string[]> },
    response: ServerResponse,
  ) {
    this.#head = { status, headers }
    watchCalls(response, ['write', 'end'], this.#received)
  }

  render(ended: Ended): string {
    const { id, method, headers } = this.#request
    const head = this.#head
    const seen: SeenCall = {
      ...ended,
      at: this.#at.toISOString(),
      requestId: id,
      callable: this.#callable,
      method,
      path: this.#path,
      headers,
      sent: this.#sent,
      unsigned: this.#signing?.unsigned,
      signed: this.#signing?.signed,
      values: this.#signing?.values,
      answer: head && { ...head, received: this.#received },
    }
    // PostgreSQL has no such character.
    return JSON.stringify(renderCall(seen)).replaceAll('\\u0000', '\\ufffd')
  }
}

/** Keeps what a stream's methods are called with, on this one stream. */
function watchCalls<Name extends string>(
  stream: Record<Name, unknown> | object,
  names: readonly Name[],
  kept: KeptBody,
) {
  const methods = stream as Record<Name, (...given: unknown[]) => unknown>
  for (const name of names) {
    const original = methods[name]
    methods[name] = (...given) => {
      const [chunk, encoding] = given
      if (chunk instanceof Uint8Array) kept.add(chunk)
      else if (typeof chunk === 'string') kept.add(Buffer.from(chunk, encoding as 'latin1'))
      return original.apply(stream, given)
    }
  }
}
