import type { Answer } from './condition.ts'
import { readerOf } from './pointer.ts'
import { XmlTexts } from './xml.ts'

/** A vendor's answer, read as text, JSON or XML only when a rule asks for it. */
export class AnswerDocument {
  readonly text: string
  readonly #contentType: string
  #lower: string | undefined
  #json: { value: unknown } | undefined
  #xml: XmlTexts | undefined
  #form: URLSearchParams | undefined

  constructor(body: Buffer, contentType: string) {
    this.#contentType = contentType.toLowerCase()
    this.text = decode(body, /charset="?([^";\s]+)/.exec(this.#contentType)?.[1])
  }

  /** The text in lower case. */
  get lower(): string {
    this.#lower ??= this.text.toLowerCase()
    return this.#lower
  }

  /** What it is, by its content type and else by how it begins. */
  get kind(): 'html' | 'json' | 'xml' | undefined {
    const start = this.text.slice(0, 1000).trimStart().toLowerCase()
    if (this.#contentType.includes('html')) return 'html'
    if (start.startsWith('<!doctype html') || start.startsWith('<html')) return 'html'
    if (start.startsWith('<')) return 'xml'
    return this.#readJson() === undefined ? undefined : 'json'
  }

  /** The text at a path of local names such as `Envelope/Body/Fault`, as `XmlTexts` says. */
  xml(path: string): string | undefined {
    this.#xml ??= new XmlTexts(this.text)
    return this.#xml.at(path)
  }

  /** The value at a JSON Pointer (RFC 6901). */
  json(pointer: string): unknown {
    return readerOf(pointer)(this.#readJson())
  }

  /**
   * Its fields as a form (`application/x-www-form-urlencoded`), whatever its content type says; none
   * where it begins as a page, XML or JSON does.
   */
  get form(): URLSearchParams {
    this.#form ??= new URLSearchParams(/^\s*[<{[]/.test(this.text) ? '' : this.text.trim())
    return this.#form
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

/** An answer as conditions see it. */
export function readAnswer(sent: {
  status: number
  headers: Record<string, string | string[]>
  body: Buffer
}): Answer {
  const { status, headers, body } = sent
  return {
    status,
    headers,
    document: new AnswerDocument(body, String(headers['content-type'] ?? '')),
  }
}

function decode(body: Buffer, charset = 'utf-8'): string {
  try {
    return new TextDecoder(charset).decode(body)
  } catch {
    return body.toString('utf8')
  }
}
