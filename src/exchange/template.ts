import { filterOf } from './filters.ts'
import type { Values } from './request.ts'

/** `{key}` or `{key|filter|filter:argument}`; JSON's braces never look like that. */
const placeholder = /\{([A-Za-z][A-Za-z0-9._-]*)((?:\|[^{}|]*)*)\}/g

/** What stands for a secret in what is shown. */
export const secretMask = '********'

/** A value that cannot stand where the definition puts it. */
export class RenderError extends Error {
  readonly key: string

  constructor(key: string, reason: string) {
    super(reason)
    this.key = key
  }
}

type Escape = (value: string, key: string) => string

/** How a value is written so that it cannot break out of its place; one for each kind of place. */
export const escapes = {
  text: (value) => value,
  path: (value, key) => {
    // Nothing at all would make another address of what follows.
    if (value === '') throw new RenderError(key, 'is needed for the address')
    if (value === '.' || value === '..') throw new RenderError(key, 'must not be "." or ".."')
    return encodeURIComponent(value)
  },
  query: (value) => encodeURIComponent(value),
  header: (value, key) => {
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) {
      throw new RenderError(key, 'has a character that cannot stand in an HTTP header')
    }
    if (/^[\t ]|[\t ]$/.test(value)) {
      throw new RenderError(key, 'begins or ends with a space, which HTTP headers lose')
    }
    return value
  },
  cookie: (value, key) => {
    // RFC 6265, section 4.1.1
    if (/[^\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]/.test(value)) {
      throw new RenderError(key, 'has a character that cannot stand in a cookie')
    }
    return value
  },
  xml: (value, key) => {
    // XML 1.0, section 2.2
    if (/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u.test(value)) {
      throw new RenderError(key, 'has a character that cannot stand in XML')
    }
    return value.replace(/[&<>"'\r\n\t]/g, (character) => `&#${character.charCodeAt(0)};`)
  },
} as const satisfies Record<string, Escape>

/** A definition may repeat values and make them longer; what comes of it has an end. */
const maxValue = 64 * 1024
const maxRendered = 1024 * 1024

/** How many characters templates may still write, and filters look at, together. */
export interface Allowance {
  left: number
}

export function fullAllowance(): Allowance {
  return { left: maxRendered }
}

function spend(allowance: Allowance, length: number, key: string) {
  allowance.left -= length
  if (allowance.left < 0) throw new RenderError(key, 'makes the request too large')
}

/**
 * Puts values in the places of `{key}`; what is not given becomes nothing.
 * @throws {RenderError} for a value that cannot stand there, or where too much comes of it
 */
export function render(
  template: string,
  values: Values,
  escapeValue: Escape,
  allowance = fullAllowance(),
): string {
  allowance.left -= template.length
  return template.replace(placeholder, (_, key: string, filters: string) => {
    const text = escapeValue(filtered(values, key, filters, allowance), key)
    spend(allowance, text.length, key)
    return text
  })
}

/** The keys that the placeholders inside a template, or inside any part of a definition, name. */
export function placeholdersIn(template: unknown): string[] {
  return splitTemplate(JSON.stringify(template) ?? '').flatMap(({ key }) => key ?? [])
}

/** A literal part of a template, or a placeholder. */
export interface TemplatePart {
  literal?: string
  key?: string
  filters: string[]
}

/** The parts of a template in order. */
export function splitTemplate(template: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = []
  let end = 0
  for (const match of template.matchAll(placeholder)) {
    if (match.index > end) parts.push({ literal: template.slice(end, match.index), filters: [] })
    parts.push({ key: match[1]!, filters: match[2]!.split('|').slice(1) })
    end = match.index + match[0].length
  }
  if (end < template.length) parts.push({ literal: template.slice(end), filters: [] })
  return parts
}

/** The value of an entry sent through filters such as `|lower|replace:-:_`. */
function filtered(values: Values, key: string, filters: string, allowance: Allowance): string {
  const text = textOf(values, key)
  return filters === '' ? text : applyFilters(text, filters.split('|').slice(1), key, allowance)
}

/**
 * A masked value stays what it is.
 * @throws {RenderError} where the filters make too much of it
 */
export function applyFilters(
  value: string,
  filters: readonly string[],
  key: string,
  allowance = fullAllowance(),
): string {
  if (value === secretMask) return value
  let text = value
  for (const filter of filters) {
    spend(allowance, text.length, key)
    text = filterOf(filter)!(text)
    if (text.length > maxValue) throw new RenderError(key, 'becomes too long')
  }
  return text
}

/**
 * The value of an entry, or nothing.
 * @throws {RenderError} where it is text that no encoding can write
 */
export function textOf(values: Values, key: string): string {
  const value = values.get(key) ?? ''
  if (!value.isWellFormed()) throw new RenderError(key, 'is not well-formed Unicode')
  return value
}

/**
 * Renders every string inside a JSON value; the values can only ever become strings.
 * @throws {RenderError} as `render` does, for all of them together
 */
export function renderJson(
  template: unknown,
  values: Values,
  allowance = fullAllowance(),
): unknown {
  if (typeof template === 'string') return render(template, values, escapes.text, allowance)
  if (Array.isArray(template)) return template.map((item) => renderJson(item, values, allowance))
  if (template === null || typeof template !== 'object') return template
  const members = Object.entries(template)
  return Object.fromEntries(
    members.map(([name, member]) => [name, renderJson(member, values, allowance)]),
  )
}

/** Renders each member of a map such as headers; the same holds for all of them together. */
export function renderAll(
  templates: Record<string, string>,
  values: Values,
  escapeValue: Escape,
): [name: string, value: string][] {
  const allowance = fullAllowance()
  return Object.entries(templates).map(([name, template]) => [
    name,
    render(template, values, escapeValue, allowance),
  ])
}

/** `application/x-www-form-urlencoded`, as the URL standard writes it. */
export function renderForm(fields: Record<string, string>, values: Values): string {
  return new URLSearchParams(renderAll(fields, values, escapes.text)).toString()
}
