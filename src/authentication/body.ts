import { type Static, Type } from 'typebox'
import type { VendorRequest } from '../exchange/request.ts'
import { escapes, renderAll } from '../exchange/template.ts'
import { textIn } from './body-text.ts'
import { type AuthenticationType, common, strict, Templates } from './type.ts'
import { Unsignable } from './unsignable.ts'

const schema = Type.Object({ type: Type.Literal('body'), ...common, fields: Templates }, strict)

type Fields = [name: string, value: string][]

/** Credentials as fields of the body, JSON or form as its content type says; they replace others. */
export const body = {
  schema,
  seesBody: () => true,
  sign(request, authentication, values) {
    const fields = renderAll(authentication.fields, values, escapes.text)
    const type = contentTypeOf(request)
    const text = textIn(request)
    const content = type === 'form' ? inForm(text, fields) : inJson(text || '{}', fields)
    const headers = { 'content-type': 'application/json', ...request.headers }
    return { ...request, headers, body: content }
  },
} as const satisfies AuthenticationType<Static<typeof schema>> & { schema: unknown }

function contentTypeOf(request: VendorRequest): 'form' | 'json' {
  if (!request.body?.length && ['GET', 'HEAD'].includes(request.method)) {
    throw new Unsignable(`the credentials go into the body, and a ${request.method} has none`)
  }
  const given = request.headers['content-type'] ?? (request.body?.length ? '' : 'application/json')
  const type = given.split(';', 1)[0]!.trim().toLowerCase()
  if (type === 'application/x-www-form-urlencoded') return 'form'
  if (type === 'application/json' || type.endsWith('+json')) return 'json'
  throw new Unsignable('the credentials go into the body, and it is neither JSON nor a form')
}

function inForm(form: string, fields: Fields): string {
  const names = new Set(fields.map(([name]) => name))
  // What others wrote keeps its spelling: it may be in an encoding that is not ours.
  const others = form.split('&').filter((part) => {
    const [name] = new URLSearchParams(part).keys()
    return name !== undefined && !names.has(name)
  })
  return [...others, new URLSearchParams(fields).toString()].join('&')
}

function inJson(json: string, fields: Fields): string {
  const content = readJson(json)
  if (!(content instanceof Object) || Array.isArray(content)) {
    throw new Unsignable('the credentials go into the body, and it is no JSON object')
  }
  return JSON.stringify({ ...content, ...Object.fromEntries(fields) })
}

type Revive = (name: string, value: unknown, context: { source: string }) => unknown

/** What ECMAScript has, and TypeScript's library not yet. */
const { parse, rawJSON } = JSON as unknown as {
  parse(text: string, revive: Revive): unknown
  rawJSON(text: string): unknown
}

/** Numbers stay as they are written, those too that JavaScript has no room for. */
function readJson(json: string): unknown {
  try {
    return parse(json, (_, value, { source }) =>
      typeof value === 'number' ? rawJSON(source) : value,
    )
  } catch {
    // Its words may hold a part of the body, and so of a secret.
    return undefined
  }
}
