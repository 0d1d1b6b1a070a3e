import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { SaxesParser } from 'saxes'
import { Unsignable } from './unsignable.ts'

/** A start tag in an envelope, and where it ends. */
interface Place {
  name: string
  /** With its colon; empty where there is none. */
  prefix: string
  /** As its own tag declares it. */
  namespace: string
  end: number
  selfClosing: boolean
}

interface Places {
  envelope?: Place
  header?: Place
  operation?: Place
}

/**
 * Puts a fragment in front of the children of the operation, `Envelope/Body/*`; `write` is told the
 * operation's prefix.
 */
export function insertIntoOperation(envelope: string, write: (prefix: string) => string): string {
  const { operation } = findPlaces(envelope)
  if (!operation) throw new Unsignable('the request body is no SOAP envelope with an operation')
  return insert(envelope, operation, write(operation.prefix))
}

/** The namespace of an envelope, which says its version of SOAP. */
export function namespaceOf(body: string): string {
  return findPlaces(body).envelope?.namespace ?? ''
}

/** Puts a fragment in front of the children of `Envelope/Header`, which is made where it is missing. */
export function insertIntoHeader(body: string, fragment: string): string {
  const { envelope, header } = findPlaces(body)
  if (!envelope) throw new Unsignable('the request body is no SOAP envelope')
  if (header) return insert(body, header, fragment)
  const name = `${envelope.prefix}Header`
  return insert(body, envelope, `<${name}>${fragment}</${name}>`)
}

function insert(envelope: string, place: Place, fragment: string): string {
  const before = envelope.slice(0, place.end)
  const after = envelope.slice(place.end)
  if (!place.selfClosing) return before + fragment + after
  return `${before.replace(/\s*\/>$/, '>')}${fragment}</${place.name}>${after}`
}

/** By hash, since an envelope may hold secrets: requests of one definition mostly begin as the same. */
const seen = new LRUCache<string, Readonly<Places>>({ max: 1_000 })

function findPlaces(envelope: string): Readonly<Places> {
  const key = hash('sha256', envelope, 'base64')
  const known = seen.get(key)
  if (known) return known
  const found = readPlaces(envelope)
  seen.set(key, found)
  return found
}

/** Where the start tags end that something may go behind; nothing for what is no such XML. */
function readPlaces(envelope: string): Places {
  const parser = new SaxesParser({ position: true })
  const path: string[] = []
  const found: Places = {}
  parser.on('opentag', (tag) => {
    path.push(localName(tag.name))
    const kind = kindOf(path)
    if (kind) {
      const { name, isSelfClosing: selfClosing } = tag
      const prefix = name.slice(0, name.indexOf(':') + 1)
      const declared = tag.attributes[prefix ? `xmlns:${prefix.slice(0, -1)}` : 'xmlns']
      const namespace = typeof declared === 'string' ? declared : ''
      found[kind] ??= { name, prefix, namespace, end: parser.position, selfClosing }
    }
  })
  parser.on('closetag', () => path.pop())
  // SOAP 1.2, part 1, section 5, allows none at all; what one declares could stand for anything.
  parser.on('doctype', (type) => {
    if (/ENTITY|SYSTEM|PUBLIC/.test(type)) throw new Error('a document type that says something')
  })
  try {
    parser.write(envelope).close()
  } catch {
    // Its words may hold a part of the body, and so of a secret.
    return {}
  }
  return found
}

function kindOf([root, part, ...rest]: string[]): keyof Places | undefined {
  if (root !== 'Envelope') return undefined
  if (part === undefined) return 'envelope'
  if (part === 'Header' && rest.length === 0) return 'header'
  return part === 'Body' && rest.length === 1 ? 'operation' : undefined
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}
