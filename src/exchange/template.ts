import type { Values } from './request.ts'

const placeholder = /\{([A-Za-z][A-Za-z0-9._-]*)\}/g

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
  xml: (value, key) => {
    // XML 1.0, section 2.2
    if (/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u.test(value)) {
      throw new RenderError(key, 'has a character that cannot stand in XML')
    }
    return value.replace(/[&<>"'\r\n\t]/g, (character) => `&#${character.charCodeAt(0)};`)
  },
} as const satisfies Record<string, Escape>

/** Puts values in the places of `{key}`; what is not given becomes nothing. */
export function render(template: string, values: Values, escapeValue: Escape): string {
  return template.replace(placeholder, (_, key: string) => escapeValue(textOf(values, key), key))
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

/** Renders every string inside a JSON value; the values can only ever become strings. */
export function renderJson(template: unknown, values: Values): unknown {
  if (typeof template === 'string') return render(template, values, escapes.text)
  if (Array.isArray(template)) return template.map((item) => renderJson(item, values))
  if (template === null || typeof template !== 'object') return template
  const members = Object.entries(template)
  return Object.fromEntries(members.map(([name, member]) => [name, renderJson(member, values)]))
}

/** `application/x-www-form-urlencoded`, as the URL standard writes it. */
export function renderForm(fields: Record<string, string>, values: Values): string {
  const rendered = Object.entries(fields).map(([name, template]) => [
    name,
    render(template, values, escapes.text),
  ])
  return new URLSearchParams(rendered).toString()
}
