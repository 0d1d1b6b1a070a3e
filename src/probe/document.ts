import { SaxesParser } from 'saxes'

/** A vendor's answer, read as text, JSON or XML only when a rule asks for it. */
export class AnswerDocument {
  readonly text: string
  readonly #contentType: string
  #json: { value: unknown } | undefined
  #xml: Map<string, string> | undefined

  constructor(body: Buffer, contentType: string) {
    this.#contentType = contentType.toLowerCase()
    this.text = decode(body, /charset="?([^";\s]+)/.exec(this.#contentType)?.[1])
  }

  /** What it is, by its content type and else by how it begins. */
  get kind(): 'html' | 'json' | 'xml' | undefined {
    const start = this.text.slice(0, 1000).trimStart().toLowerCase()
    if (this.#contentType.includes('html')) return 'html'
    if (start.startsWith('<!doctype html') || start.startsWith('<html')) return 'html'
    if (start.startsWith('<')) return 'xml'
    return this.#readJson() === undefined ? undefined : 'json'
  }

  /** The text at a path of local names such as `Envelope/Body/Fault`; the first where several are. */
  xml(path: string): string | undefined {
    this.#xml ??= readXml(this.text)
    return this.#xml.get(path)
  }

  /** The value at a JSON Pointer (RFC 6901). */
  json(pointer: string): unknown {
    const names = pointer.split('/').slice(1)
    return names.reduce<unknown>((value, name) => {
      const member = name.replaceAll('~1', '/').replaceAll('~0', '~')
      if (value === null || typeof value !== 'object' || !Object.hasOwn(value, member)) {
        return undefined
      }
      return (value as Record<string, unknown>)[member]
    }, this.#readJson())
  }

  #readJson(): unknown {
    if (!this.#json) {
      try {
        this.#json = { value: JSON.parse(this.text) }
      } catch {
        this.#json = { value: undefined }
      }
    }
    return this.#json.value
  }
}

const maxDepth = 32
const maxPaths = 5_000

/**
 * Every path to its text. It forgives what vendors write against the standard, expands no entity but
 * the predefined ones, and is bounded in depth and number whatever it is given.
 */
function readXml(text: string): Map<string, string> {
  const found = new Map<string, string>()
  const path: string[] = []
  let depth = 0
  const parser = new SaxesParser()
  parser.on('error', () => {})
  parser.on('opentag', (tag) => {
    depth += 1
    if (depth > maxDepth || found.size >= maxPaths) return
    path.push(tag.name.slice(tag.name.indexOf(':') + 1))
    const here = path.join('/')
    if (!found.has(here)) found.set(here, '')
  })
  const take = (content: string) => {
    if (depth !== path.length || content.trim() === '') return
    const here = path.join('/')
    if (found.get(here) === '') found.set(here, content.trim())
  }
  parser.on('text', take)
  parser.on('cdata', take)
  parser.on('closetag', () => {
    if (depth === path.length) path.pop()
    depth -= 1
  })
  try {
    parser.write(text).close()
  } catch {
    // What was read before it became unreadable still counts.
  }
  return found
}

function decode(body: Buffer, charset = 'utf-8'): string {
  try {
    return new TextDecoder(charset).decode(body)
  } catch {
    return body.toString('utf8')
  }
}
