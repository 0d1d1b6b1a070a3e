import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { StreamAnswer } from '../egress/client.ts'
import { namedByConnection, staysHere } from './answer-headers.ts'
import type { Called } from './call.ts'
import { besideVendors, isJoined } from './limit-fields.ts'
import { addedParameters, followable, followableLinks, type LinkPlace, referring } from './links.ts'

/** What stands around a vendor's answer. */
export interface HeadPlace {
  requestId: string
  instanceId: number
  base: URL
  /** What stands for the base URL here. */
  mount: string
  /** Besides: of limits, of attempts. */
  told: Record<string, string>
}

/** Writes the head of a vendor's answer: as it was sent, but for what is not ours to repeat. */
export function writeHead(reply: FastifyReply, called: Called, place: HeadPlace) {
  const { raw } = reply
  const list = [
    'elements-request-id',
    place.requestId,
    'elements-element-instance-id',
    String(place.instanceId),
    'x-content-type-options',
    'nosniff',
    'content-security-policy',
    'sandbox',
    // The same address answers each caller something else.
    'vary',
    'Authorization, Origin',
    'access-control-expose-headers',
    '*',
  ]
  const origin = raw.req.headers.origin && reply.getHeader('access-control-allow-origin')
  if (origin !== undefined) list.push('access-control-allow-origin', String(origin))
  const told = besideVendors(place.told, called.answer.headers)
  for (const name in told) list.push(name, told[name]!)
  addVendors(list, called, { ...place, told }, (answer) => mayHaveTrailers(answer, raw))
  // The rest of a body that nobody reads would be taken for the next request.
  if (!raw.req.complete) list.push('connection', 'close')
  raw.writeHead(called.answer.status, list)
}

/** The vendor's headers as far as they are repeated, for an answer that is not handed on but kept. */
export function keptHeaders(
  called: Called,
  place: Pick<HeadPlace, 'base' | 'mount'>,
): Record<string, string | string[]> {
  const list: string[] = []
  addVendors(list, called, { ...place, told: {} }, () => false)
  const headers: Record<string, string | string[]> = {}
  for (let at = 0; at < list.length; at += 2) {
    const name = list[at]!.toLowerCase()
    const before = headers[name]
    headers[name] = before === undefined ? list[at + 1]! : [before, list[at + 1]!].flat()
  }
  return headers
}

function addVendors(
  list: string[],
  { answer, called, sent }: Called,
  { base, mount, told }: Pick<HeadPlace, 'base' | 'mount' | 'told'>,
  mayTrail: (answer: StreamAnswer) => boolean,
) {
  const { rawHeaders, headers, status } = answer
  const named = namedByConnection(headers.connection)
  let links: LinkPlace | undefined
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!
    if (staysHere(name)) continue
    const lower = name.toLowerCase()
    if (named?.has(lower) || isJoined(lower, told)) continue
    let value = rawHeaders[at + 1]!
    if (lower === 'content-length' && status === 204) continue
    if (lower === 'trailer' && !mayTrail(answer)) continue
    if (lower === 'link' || referring.has(lower)) {
      links ??= { base, called, mount, added: addedParameters(called, sent) }
      value = lower === 'link' ? followableLinks(value, links) : followable(value, links)
    }
    list.push(name, value)
  }
}

/** RFC 9112, section 7.1.2: in chunks alone. */
function mayHaveTrailers({ headers, status }: StreamAnswer, { req }: ServerResponse): boolean {
  if (headers['transfer-encoding'] === undefined || req.httpVersion !== '1.1') return false
  return req.method !== 'HEAD' && status !== 204 && status !== 304
}
