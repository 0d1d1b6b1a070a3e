import { type Static, Type } from 'typebox'
import { about } from '../http/schema.ts'
import { type AddressEntry, addressOf, baseUrlOf } from './address.ts'
import { Pointer, When } from './condition.ts'
import type { Values, VendorRequest } from './request.ts'
import { escapes, render, renderAll, renderForm, renderJson } from './template.ts'

const strict = { additionalProperties: false }
const Line = Type.String({ minLength: 1, maxLength: 1000 })
const Templates = Type.Record(Type.String(), Type.String({ maxLength: 8192 }), {
  maxProperties: 50,
})

export const verdicts = [
  'verified',
  'rejected',
  'insufficient',
  'misdirected',
  'throttled',
  'unreachable',
  'late',
  'unexpected',
] as const

const Rule = Type.Object(
  {
    when: When,
    verdict: Type.Enum([...verdicts]),
    message: Type.Optional(
      about(
        'What the caller should do; left out where the general sentence for the verdict will do.',
        Line,
      ),
    ),
  },
  strict,
)

/** Where a value stands in an answer: one of `json`, `xml`, `form` and `header`. */
const Extraction = Type.Object(
  {
    json: Type.Optional(
      about('A JSON Pointer (RFC 6901); below the item, where it is one `among` several.', Pointer),
    ),
    xml: Type.Optional(about('A path of local names.', Line)),
    form: Type.Optional(about('A field of a body that is written as a form.', Line)),
    header: Type.Optional(Line),
    among: Type.Optional(
      about(
        'A JSON Pointer to a list, of which the first item is meant where `where` holds.',
        Pointer,
      ),
    ),
    where: Type.Optional(Type.Object({ pointer: Pointer, equals: Type.String() }, strict)),
    filter: Type.Optional(
      about('Filters for what is found, as in templates: `after:,` or `host|lower`.', Line),
    ),
    optional: Type.Optional(
      about('Without it the step fails; true where it is not there.', Type.Boolean()),
    ),
  },
  strict,
)

/**
 * A request to the vendor, and what its answers mean. Every text is a template in which `{entry}`
 * stands for a configuration entry, sent through filters as in `{entry|lower}`.
 */
export const Step = Type.Object(
  {
    name: Type.Optional(about('For people: what it is for.', Line)),
    method: Type.Enum(['GET', 'POST', 'PUT', 'HEAD']),
    base: Type.Optional(
      about("The address that `path` goes on from; left out: the element's base URL.", Line),
    ),
    path: Type.Optional(
      about(
        'Relative; left out: the base itself.',
        Type.String({ pattern: '^[^/?#][^?#]*$', maxLength: 1000 }),
      ),
    ),
    query: Type.Optional(Templates),
    headers: Type.Optional(Templates),
    body: Type.Optional(
      Type.Union([
        Type.Object({ xml: Type.String({ maxLength: 16_384 }) }, strict),
        Type.Object({ json: Type.Unknown() }, strict),
        Type.Object({ form: Templates }, strict),
      ]),
    ),
    authenticate: Type.Optional(
      about("False: sent without the element's authentication.", Type.Boolean()),
    ),
    extract: Type.Optional(
      about(
        "Values that later steps, the base URL and the instance's configuration take from the answer.",
        Type.Record(Type.String(), Extraction, { maxProperties: 20 }),
      ),
    ),
    providerMessage: Type.Optional(
      about(
        "Where the vendor's own words stand, first found first: XML paths, JSON Pointers, or fields of a form as `?field`.",
        Type.Array(Line, { maxItems: 20 }),
      ),
    ),
    rules: about(
      'The first that holds decides; the general rules for HTTP statuses come after them.',
      Type.Array(Rule, { maxItems: 100 }),
    ),
  },
  strict,
)

export type Step = Static<typeof Step>
export type Rule = Static<typeof Rule>
export type Extraction = Static<typeof Extraction>

/** What a step's request is rendered for. */
export interface StepPlace {
  baseUrl: string
  entries: readonly AddressEntry[]
  /** Sent with every request to this vendor. */
  headers?: Record<string, string>
}

/**
 * A step's request without authentication.
 * @throws {RenderError} for a value that cannot stand where the definition puts it
 */
export function renderStep(step: Step, place: StepPlace, values: Values): VendorRequest {
  const headers: Record<string, string> = { 'user-agent': 'Latchkey' }
  const given = { ...place.headers, ...step.headers }
  for (const [name, value] of renderAll(given, values, escapes.header)) {
    headers[name.toLowerCase()] = value
  }
  const { type, body } = renderBody(step, values)
  if (type) headers['content-type'] ??= type
  const base = baseUrlOf({ baseUrl: step.base ?? place.baseUrl, entries: place.entries }, values)
  return { method: step.method, url: addressOf(base, step.path, step.query, values), headers, body }
}

function renderBody({ body }: Step, values: Values): { type?: string; body: string | undefined } {
  if (!body) return { body: undefined }
  if ('xml' in body) {
    return { type: 'text/xml; charset=utf-8', body: render(body.xml, values, escapes.xml) }
  }
  if ('form' in body) {
    return { type: 'application/x-www-form-urlencoded', body: renderForm(body.form, values) }
  }
  return { type: 'application/json', body: JSON.stringify(renderJson(body.json, values)) }
}
