import { Refusal } from '../http/errors.ts'

/** A request's address, parted where the vendor's begins. */
export interface Target {
  /** What stands before it: `/proxy`, or `/hubs/crm`. */
  mount: string
  /** The path and query at the vendor as they were sent; empty, or with a slash or "?" at the front. */
  path: string
}

const mounts = /^\/(?:proxy|hubs\/[^/?#]+)(?=[/?]|$)/
/** Segments that need no second look: none can be a dot, in whatever spelling. */
const plainPath = /^(?:\/[\w~!$&'()*+,=:@-][\w.~!$&'()*+,=:@-]*)*\/?$/
const sendable = /^[\x21\x22\x24-\x7e]*$/
const maxPasses = 5

/**
 * Parts a request's address. Nothing is decoded or written anew: what leads out of the vendor's base
 * URL is refused instead, in every spelling that some server might read so.
 * @throws {Refusal} `gateway-path-invalid`
 */
export function targetOf(url: string): Target {
  const mount = mounts.exec(url)?.[0]
  if (mount === undefined) {
    throw invalid('has to begin with /proxy/, or with /hubs/ and a hub, and be no absolute address')
  }
  const path = url.slice(mount.length)
  if (!sendable.test(path)) {
    throw invalid('holds characters that have to be percent-encoded in UTF-8')
  }
  const query = path.indexOf('?')
  const way = query < 0 ? path : path.slice(0, query)
  if (!plainPath.test(way)) checkWay(way)
  return { mount, path }
}

function checkWay(way: string) {
  const read = decode(way)
  if (read.includes('\\')) throw invalid('must not hold a backslash')
  // At the front it would be read as a host.
  if (read.startsWith('//')) throw invalid('must not begin with two slashes')
  for (const segment of read.split('/')) {
    // What follows ";" are parameters of the segment, to the servers that know such; "?" and "#" end
    // the path for one that is asked by another which has decoded it.
    const [name = ''] = segment.split(/[;?#]/)
    if (name === '.' || name === '..') {
      throw invalid('must not hold "." or ".." as a segment, however they are written')
    }
  }
}

/** As the most lenient of servers reads it: decoded again and again, without blanks and controls. */
function decode(way: string): string {
  let read = way
  for (let pass = 0; pass < maxPasses; pass += 1) {
    const next = read
      .replace(/%c0%ae|%u002e|%e0%80%ae/gi, '.')
      .replace(/%c0%af|%u2215|%u002f|%e0%80%af/gi, '/')
      .replace(/%c1%9c|%u005c|%u2216/gi, '\\')
      .replace(/%([0-7][0-9a-f])/gi, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      )
    if (next === read) return withoutBlanks(read)
    read = next
  }
  throw invalid('is encoded again and again')
}

function withoutBlanks(text: string): string {
  return text.replace(/[\p{Cc} ]/gu, '')
}

function invalid(reason: string): Refusal {
  return new Refusal(
    'gateway-path-invalid',
    `What stands behind /proxy is the path at the vendor, below the base URL of the element; it ${reason}.`,
  )
}
