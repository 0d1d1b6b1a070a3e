import { type Static, Type } from 'typebox'
import { type FailureKind, failureKinds } from '../egress/failure.ts'
import { about } from '../http/schema.ts'
import type { AnswerDocument } from './document.ts'

const strict = { additionalProperties: false }
const Line = Type.String({ minLength: 1, maxLength: 1000 })
const Scalar = Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])

/** What is asked of a value that was found; without any member: that it is there. */
const test = {
  equals: Type.Optional(Scalar),
  oneOf: Type.Optional(Type.Array(Scalar, { minItems: 1, maxItems: 50 })),
  says: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: 8 })),
  exists: Type.Optional(Type.Boolean()),
}

const Status = Type.Union([
  Type.Integer({ minimum: 100, maximum: 599 }),
  Type.Enum(['2xx', '3xx', '4xx', '5xx']),
])

export const Pointer = Type.String({
  pattern: '^(/.*)?$',
  maxLength: 1000,
  description: 'A JSON Pointer (RFC 6901).',
})

const InHeader = Type.Object({ name: Line, ...test }, strict)
const InXml = Type.Object(
  { path: about('Local names, such as `Envelope/Body/Fault`.', Line), ...test },
  strict,
)
const InForm = Type.Object({ name: about('Of a field.', Line), ...test }, strict)
const InJson = Type.Object({ pointer: Pointer, ...test }, strict)

/** What an answer is like. */
export const When = Type.Object(
  {
    status: Type.Optional(Type.Union([Status, Type.Array(Status, { minItems: 1, maxItems: 50 })])),
    says: about('Parts of the body that come in this order, in any case.', test.says),
    body: Type.Optional(Type.Enum(['html', 'json', 'xml', 'empty'])),
    header: Type.Optional(Type.Union([InHeader, Type.Array(InHeader, { maxItems: 10 })])),
    xml: Type.Optional(Type.Union([InXml, Type.Array(InXml, { maxItems: 10 })])),
    json: Type.Optional(Type.Union([InJson, Type.Array(InJson, { maxItems: 10 })])),
    form: about(
      'Fields of a body that is written as a form.',
      Type.Optional(Type.Union([InForm, Type.Array(InForm, { maxItems: 10 })])),
    ),
    failure: Type.Optional(
      about(
        'How it ended before any answer came; then nothing else can hold.',
        Type.Array(Type.Enum([...failureKinds]), { minItems: 1, maxItems: failureKinds.length }),
      ),
    ),
  },
  { ...strict, description: 'All members that are there must hold.' },
)

export type When = Static<typeof When>
type Test = Pick<Static<typeof InJson>, keyof typeof test>

/** A vendor's answer, as far as anything can be asked of it. */
export interface Answer {
  status: number
  headers: Record<string, string | string[]>
  document: AnswerDocument
}

export function holds(when: When, { status, headers, document }: Answer): boolean {
  if (when.failure) return false
  if (when.status !== undefined && ![when.status].flat().some((one) => isStatus(one, status))) {
    return false
  }
  if (
    when.body === 'empty' ? document.text.trim() !== '' : when.body && document.kind !== when.body
  ) {
    return false
  }
  if (when.says && !says(document.lower.slice(0, maxSearched), when.says)) return false
  const all = <T extends Test>(tests: T | T[] | undefined, find: (one: T) => unknown) =>
    [tests ?? []].flat().every((one) => matches(find(one as T), one as T))
  return (
    all(when.header, ({ name }) => headers[name.toLowerCase()]) &&
    all(when.xml, ({ path }) => document.xml(path)) &&
    all(when.json, ({ pointer }) => document.json(pointer)) &&
    all(when.form, ({ name }) => document.form.get(name) ?? undefined)
  )
}

/** Of a body, or one value in it, so much is searched for words. */
const maxSearched = 64 * 1024

/** Whether a rule is about a request that ended so, without an answer. */
export function holdsFor(when: When, failure: FailureKind): boolean {
  return when.failure?.includes(failure) ?? false
}

function isStatus(wanted: number | string, status: number): boolean {
  return typeof wanted === 'number'
    ? wanted === status
    : Math.floor(status / 100) === Number(wanted[0])
}

function matches(found: unknown, { equals, oneOf, says: parts, exists }: Test): boolean {
  if (exists === false) return found === undefined
  if (found === undefined) return false
  if (equals !== undefined && found !== equals) return false
  if (oneOf && !oneOf.some((one) => one === found)) return false
  if (!parts) return true
  // To make text of an object that a vendor sent can fail in many ways.
  return (
    !(found instanceof Object) && says(String(found).slice(0, maxSearched).toLowerCase(), parts)
  )
}

/** All parts, one behind the other: what `/one.*two/i` would find, in linear time. */
function says(lower: string, parts: string[]): boolean {
  let from = 0
  return parts.every((part) => {
    const at = lower.indexOf(part.toLowerCase(), from)
    from = at + part.length
    return at >= 0
  })
}
