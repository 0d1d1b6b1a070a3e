import type { Answer } from './condition.ts'
import { readerOf } from './pointer.ts'
import type { Values } from './request.ts'
import type { Extraction, Step } from './step.ts'
import { applyFilters, escapes, render } from './template.ts'

/** What an entry may have. */
const maxLength = 16 * 1024
/** Of a list, the first so many are looked at. */
const maxItems = 1000

/**
 * What a step takes from its answer, by key, and the keys of what it should have found there and did
 * not: text, numbers and booleans count, and nothing else.
 */
export function extractAll(
  step: Step,
  answer: Answer,
  values: Values,
): { found: Map<string, string>; lost: string[] } {
  const found = new Map<string, string>()
  const lost: string[] = []
  for (const [key, extraction] of Object.entries(step.extract ?? {})) {
    const value = textOf(find(extraction, answer, values))
    const text = value && shortened(value, extraction, key)
    if (text) found.set(key, text)
    else if (!extraction.optional) lost.push(key)
  }
  return { found, lost }
}

function find(extraction: Extraction, { headers, document }: Answer, values: Values): unknown {
  const { json, xml, form, header, among, where } = extraction
  if (header !== undefined) return [headers[header.toLowerCase()]].flat()[0]
  if (xml !== undefined) return document.xml(xml)
  if (form !== undefined) return document.form.get(form)
  if (among === undefined) return document.json(json ?? '')
  const list = document.json(among)
  if (!Array.isArray(list)) return undefined
  const wanted = where && render(where.equals, values, escapes.text)
  const read = where && readerOf(where.pointer)
  const item = list.slice(0, maxItems).find((one) => !read || textOf(read(one)) === wanted)
  return readerOf(json ?? '')(item)
}

/** Nothing, where filters make too much of it. */
function shortened(value: string, { filter }: Extraction, key: string): string {
  try {
    return applyFilters(value, filter?.split('|') ?? [], key)
  } catch {
    return ''
  }
}

function textOf(value: unknown): string | undefined {
  if (!['string', 'number', 'boolean'].includes(typeof value)) return undefined
  const text = String(value)
  return text.length > maxLength || !isStorable(text) ? undefined : text
}

/** PostgreSQL takes no NUL and no half of a surrogate pair, and no other control is ever meant. */
function isStorable(text: string): boolean {
  return text.isWellFormed() && !/[^\P{Cc}\t\n\r]/u.test(text)
}
