import { Attempt, type AttemptOwner } from './attempt.ts'
import { decodeBody } from './body.ts'
import { aborted, codeOf, EgressFailure, exchangeFailure, late } from './failure.ts'
import type { Connections, Identities } from './identities.ts'
import { destinationOf, type EgressPolicy } from './policy.ts'
import { redirectTarget } from './redirect.ts'
import { checkMethod, type EgressAnswer, type EgressRequest, outgoingHeaders } from './request.ts'

export interface ExchangeContext {
  policy: EgressPolicy
  identities: Identities
}

const maxRedirects = 3
const repeatableMethods = new Set(['GET', 'HEAD', 'OPTIONS'])
const brokenSocket = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

/** One request and all it takes until it is answered: redirects, and one repetition. */
export class Exchange implements AttemptOwner {
  readonly #context: ExchangeContext
  readonly #request: EgressRequest
  readonly #headers: string[]
  readonly #maxBytes: number
  readonly #settle: PromiseWithResolvers<EgressAnswer>
  readonly #onAbort = () => this.#fail(aborted())
  readonly #visited: string[] = []
  #attempt: Attempt
  #connections: Connections | undefined
  #repeated = false
  #timer: NodeJS.Timeout | undefined
  #done = false

  /** Throws where the request can't be sent or may not go where it is meant to. */
  constructor(
    context: ExchangeContext,
    request: EgressRequest,
    settle: PromiseWithResolvers<EgressAnswer>,
  ) {
    this.#context = context
    this.#request = request
    this.#settle = settle
    this.#maxBytes = request.maxBytes ?? 1024 * 1024
    this.#attempt = new Attempt(request.url, this.#maxBytes, this)
    checkMethod(request.method)
    this.#headers = outgoingHeaders(request.headers)
    this.#judge(request.url)
  }

  start(): void {
    const { deadlineMs = 10_000, signal } = this.#request
    this.#timer = setTimeout(
      () => this.#fail(late(this.#attempt.url.hostname, deadlineMs)),
      deadlineMs,
    )
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    this.#dispatch(this.#attempt)
  }

  onUsedSocket(): boolean {
    return !this.#connections?.connector.handing
  }

  ended(attempt: Attempt): void {
    const { body, encodings, url } = attempt
    if (encodings.length === 0) {
      this.#take(attempt, body)
    } else {
      decodeBody(body, encodings, this.#maxBytes, url.hostname).then(
        (decoded) => this.#take(attempt, decoded),
        (error) => this.#fail(error),
      )
    }
  }

  failed(attempt: Attempt, error: Error): void {
    if (this.#mayRepeat(attempt, error)) {
      this.#repeated = true
      // Not at once: undici is still putting away the connection that broke.
      setImmediate(() => this.#dispatch(new Attempt(attempt.url, this.#maxBytes, this)))
    } else {
      const where = { ...destinationOf(attempt.url), presents: this.#presents(attempt) }
      this.#fail(exchangeFailure(where, error, attempt.status > 0))
    }
  }

  #dispatch(attempt: Attempt): void {
    if (this.#done) return
    this.#attempt = attempt
    const { method, body = null, clientCertificate } = this.#request
    const { origin, pathname, search } = attempt.url
    try {
      this.#connections = this.#context.identities.of(clientCertificate)
      this.#connections.origins
        .get(origin)
        .dispatch({ method, path: pathname + search, headers: this.#headers, body }, attempt)
    } catch (error) {
      this.#fail(error as EgressFailure)
    }
  }

  /** Whether our certificate is what the other end may have had against this attempt. */
  #presents({ onUsedSocket, answering }: Attempt): boolean {
    return this.#request.clientCertificate !== undefined && !onUsedSocket && !answering
  }

  #judge(url: URL): void {
    const refused = this.#context.policy.judgeUrl(url)
    if (refused) throw new EgressFailure('forbidden', refused.reason)
  }

  /**
   * A vendor may close an idle connection at the moment we use it. Once, a request is sent again
   * on another: if it was never written, or if it is one that may be repeated (RFC 9110 section
   * 9.2.2) and no byte of an answer came. Never after a failure on a fresh connection.
   */
  #mayRepeat({ started, onUsedSocket, answering }: Attempt, error: Error): boolean {
    if (this.#repeated || error instanceof EgressFailure) return false
    if (!brokenSocket.has(codeOf(error) ?? '')) return false
    const { method, repeatable = repeatableMethods.has(method) } = this.#request
    return !started || (onUsedSocket && !answering && repeatable)
  }

  /** The answer, unless it redirects within its origin. */
  #take({ url, status, headers }: Attempt, body: Buffer): void {
    if (this.#done) return
    try {
      const { method, redirects = true } = this.#request
      const { location } = headers
      const target = redirects ? redirectTarget({ method, url, status, location }) : undefined
      if (target) this.#judge(target)
      // Headers and body may be credentials: they stay with the origin they were meant for.
      if (target?.origin === url.origin) {
        this.#follow(url, target)
      } else {
        this.#finish()
        this.#settle.resolve({ status, headers, body, url })
      }
    } catch (error) {
      this.#fail(error as EgressFailure)
    }
  }

  #follow(from: URL, to: URL): void {
    this.#visited.push(from.href)
    if (this.#visited.length > maxRedirects || this.#visited.includes(to.href)) {
      throw new EgressFailure(
        'redirect',
        `${from.hostname} redirects again and again. Check the address, or ask the vendor.`,
      )
    }
    // After undici has put back the connection that answered: the next hop can take it.
    queueMicrotask(() => setImmediate(() => this.#dispatch(new Attempt(to, this.#maxBytes, this))))
  }

  #fail(failure: EgressFailure): void {
    if (this.#done) return
    this.#finish()
    this.#attempt.abort()
    this.#settle.reject(failure)
  }

  #finish(): void {
    this.#done = true
    clearTimeout(this.#timer)
    this.#request.signal?.removeEventListener('abort', this.#onAbort)
  }
}
