import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type Answer, answer, htmlPage, json } from './answer.ts'
import type { BehaviourName, BehaviourSettings } from './behaviour.ts'

interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  /** The TCP connection, under TLS too. */
  connection: Socket
  /** The good answer. */
  answer: () => Answer
}

type Act = (exchange: Exchange, settings: BehaviourSettings) => void

export function send(response: ServerResponse, { status, headers, body }: Answer) {
  response.writeHead(status, headers)
  response.end(body)
}

/** Treats a request as told. Whatever goes on for ever stops when its connection closes. */
export const misbehave: Act = (exchange, settings) => acts[settings.behaviour](exchange, settings)

const xml = (body: string) => answer(200, 'text/xml; charset=utf-8', body)
const xmlType = { 'Content-Type': 'text/xml; charset=utf-8' }

const acts: Record<BehaviourName, Act> = {
  hang: () => {},

  slow: ({ response, answer }, { ms = 2000 }) => {
    const timer = setTimeout(() => send(response, answer()), ms)
    response.once('close', () => clearTimeout(timer))
  },

  drip: ({ response }, { ms = 100 }) => {
    response.writeHead(200, xmlType)
    response.flushHeaders()
    const timer = setInterval(() => response.write(' '), ms)
    response.once('close', () => clearInterval(timer))
  },

  dripHeaders: ({ request: { socket } }, { ms = 100 }) => {
    socket.write('HTTP/1.1 200 OK\r\nX-Drip: ')
    const timer = setInterval(() => socket.write('x'), ms)
    socket.once('close', () => clearInterval(timer))
  },

  drop: ({ request }) => {
    request.socket.destroy()
  },

  reset: ({ response, connection }) => {
    response.writeHead(200, { ...xmlType, 'Content-Length': '1000' })
    response.write('<?xml version="1.0"', () => connection.resetAndDestroy())
  },

  flood: ({ response }) => {
    const chunk = Buffer.alloc(64 * 1024, ' ')
    response.writeHead(200, xmlType)
    // One chunk a turn: a reader as fast as this would otherwise keep the loop to itself.
    const pour = () => {
      if (!response.destroyed) response.write(chunk, () => setImmediate(pour))
    }
    pour()
  },

  bomb: async ({ response }, { mebibytes = 64 }) => {
    const body = await compressedSpaces(mebibytes)
    send(response, {
      status: 200,
      headers: { ...xmlType, 'Content-Encoding': 'gzip', 'Content-Length': String(body.length) },
      body,
    })
  },

  redirect: ({ request, response }, { status = 302, location = request.url ?? '/' }) => {
    response.writeHead(status, { Location: location, 'Content-Length': '0' }).end()
  },

  garbage: ({ request }) => {
    request.socket.end('\u0016\u0003\u0001 this is not HTTP\n\n')
  },

  html: ({ response }, { status = 200 }) => {
    send(response, htmlPage(status, 'Sign in'))
  },

  invalidXml: ({ response }) => {
    send(response, xml('<?xml version="1.0"?><soap:Envelope><soap:Body></Envelope'))
  },

  deepXml: ({ response }, { depth = 100_000 }) => {
    send(response, xml(`${'<a>'.repeat(depth)}${'</a>'.repeat(depth)}`))
  },

  entityXml: ({ response }) => {
    const entities = Array.from(
      { length: 9 },
      (_, n) => `<!ENTITY e${n + 1} "${`&e${n};`.repeat(10)}">`,
    )
    send(response, xml(`<!DOCTYPE a [<!ENTITY e0 "aaaaaaaaaa">${entities.join('')}]><a>&e9;</a>`))
  },

  controlCharacters: ({ response, answer }) => {
    send(response, withBytes(answer(), Buffer.from('&#xD;&#x1;\u0001\u001f')))
  },

  invalidUtf8: ({ response, answer }) => {
    send(response, withBytes(answer(), Buffer.from([0xc3, 0x28, 0xff, 0xfe])))
  },

  throttle: ({ response }, { retryAfter = 30 }) => {
    const message = `Too many requests. Please try again in ${retryAfter ?? 30} seconds.`
    const refusal = json(429, { error: 'ConnectWiseAPI', message })
    send(response, retryAfter === null ? refusal : withHeader(refusal, 'Retry-After', retryAfter))
  },

  status: ({ response }, { status = 500, headers = {}, body = '' }) => {
    response
      .writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', ...headers })
      .end(body)
  },

  truncated: ({ request, response, answer }) => {
    const { status, headers, body } = answer()
    response.writeHead(status, headers)
    response.write(half(body), () => request.socket.end())
  },

  wrongLength: ({ response, answer }) => {
    const good = answer()
    send(response, withHeader(good, 'Content-Length', half(good.body).length))
  },

  hugeHeaders: ({ response, answer }, { kibibytes = 64 }) => {
    send(response, withHeader(answer(), 'X-Huge', 'x'.repeat(kibibytes * 1024)))
  },
}

const withHeader = (good: Answer, name: string, value: string | number): Answer => ({
  ...good,
  headers: { ...good.headers, [name]: String(value) },
})

const half = (body: Buffer) => body.subarray(0, Math.ceil(body.length / 2))

/** The answer with bytes put in where text may stand: in a SOAP body, or in the first string of JSON. */
function withBytes(good: Answer, bytes: Buffer): Answer {
  const places = ['<soap:Body>', ':"'].map((place) => ({ place, at: good.body.indexOf(place) }))
  const found = places.find(({ at }) => at >= 0)
  const at = found === undefined ? 0 : found.at + found.place.length
  const body = Buffer.concat([good.body.subarray(0, at), bytes, good.body.subarray(at)])
  return withHeader({ ...good, body }, 'Content-Length', body.length)
}

const bombs = new Map<number, Promise<Buffer>>()

function compressedSpaces(mebibytes: number) {
  const known = bombs.get(mebibytes)
  if (known !== undefined) return known
  const made = promisify(gzip)(Buffer.alloc(mebibytes * 1024 * 1024, ' '))
  bombs.set(mebibytes, made)
  return made
}
