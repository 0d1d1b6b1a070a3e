import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { authenticationSchema } from '../authentication/authentication.ts'
import { explain, findFaults } from './faults.ts'

const Key = Type.String({ pattern: '^[A-Za-z][A-Za-z0-9._-]{0,99}$' })
const Line = Type.String({ minLength: 1, maxLength: 1000 })
const strict = { additionalProperties: false }

/**
 * One value that an element asks for. `url` is a server's address with or without scheme, `path` a
 * part of an address that may hold slashes; both are normalised where they are used.
 */
const Entry = Type.Object(
  {
    key: Key,
    aliases: Type.Optional(Type.Array(Key)),
    name: Line,
    type: Type.Enum(['text', 'textarea', 'password', 'url', 'path', 'number', 'boolean']),
    required: Type.Optional(Type.Boolean()),
    secret: Type.Optional(Type.Boolean()),
    advanced: Type.Optional(Type.Boolean()),
    default: Type.Optional(Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
    /** For a `url` that was given without a path. */
    defaultPath: Type.Optional(Type.String({ pattern: '^/' })),
    help: Type.Optional(Line),
    placeholder: Type.Optional(Line),
    /** It is kept and answered, but nothing acts on it yet. */
    inert: Type.Optional(Type.Boolean()),
  },
  strict,
)

const Say = Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: 8 })

/**
 * All members that are there must hold. `says` are parts of the body that come in this order, in any
 * case; `xml` is a path of local names, `json` a JSON Pointer (RFC 6901).
 */
const When = Type.Object(
  {
    status: Type.Optional(
      Type.Union([
        Type.Integer({ minimum: 100, maximum: 599 }),
        Type.Array(Type.Integer({ minimum: 100, maximum: 599 }), { minItems: 1 }),
      ]),
    ),
    says: Type.Optional(Say),
    body: Type.Optional(Type.Enum(['html', 'json', 'xml'])),
    xml: Type.Optional(
      Type.Object(
        { path: Line, equals: Type.Optional(Type.String()), says: Type.Optional(Say) },
        strict,
      ),
    ),
    json: Type.Optional(
      Type.Object(
        {
          pointer: Type.String({ pattern: '^(/.*)?$' }),
          equals: Type.Optional(
            Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]),
          ),
          says: Type.Optional(Say),
        },
        strict,
      ),
    ),
  },
  strict,
)

const Rule = Type.Object(
  {
    when: When,
    verdict: Type.Enum([
      'verified',
      'rejected',
      'insufficient',
      'misdirected',
      'throttled',
      'unexpected',
    ]),
    /** What the caller should do; left out where the general sentence for the verdict will do. */
    message: Type.Optional(Line),
  },
  strict,
)

const Probe = Type.Object(
  {
    method: Type.Enum(['GET', 'POST']),
    /** Relative to the base URL, with `{entry}` placeholders. */
    path: Type.String({ pattern: '^[^/?#][^?#]*$' }),
    query: Type.Optional(Type.Record(Type.String(), Type.String())),
    headers: Type.Optional(Type.Record(Type.String(), Type.String())),
    body: Type.Optional(
      Type.Union([
        Type.Object({ xml: Type.String() }, strict),
        Type.Object({ json: Type.Unknown() }, strict),
        Type.Object({ form: Type.Record(Type.String(), Type.String()) }, strict),
      ]),
    ),
    /** Where the vendor's own words stand, first found first: XML paths or JSON Pointers. */
    providerMessage: Type.Optional(Type.Array(Line)),
    /** The first that holds decides; the general rules for HTTP statuses come after them. */
    rules: Type.Array(Rule, { maxItems: 100 }),
  },
  strict,
)

const ElementDefinition = Type.Object(
  {
    format: Type.Literal(1),
    id: Type.Integer({ minimum: 1, maximum: 9_999 }),
    key: Type.String({ pattern: '^(?!\\d+$)[a-z0-9][a-z0-9_-]{0,99}$' }),
    name: Line,
    hub: Type.String({ pattern: '^[a-z]+$' }),
    description: Line,
    configDescription: Line,
    image: Line,
    entries: Type.Array(Entry, { maxItems: 200 }),
    /** Starts with a `url` entry or with a scheme and host. */
    baseUrl: Line,
    authentications: Type.Array(authenticationSchema, { minItems: 1 }),
    probe: Type.Optional(Probe),
  },
  strict,
)

export type Element = Static<typeof ElementDefinition>
export type Entry = Static<typeof Entry>
export type Probe = Static<typeof Probe>
export type Rule = Static<typeof Rule>
export type When = Static<typeof When>

const validator = Compile(ElementDefinition)

/** A definition that cannot be used; the message says where and why, one problem a line. */
export class DefinitionError extends Error {}

/**
 * Checks a definition: first its shape, then that its parts fit each other.
 * @throws {DefinitionError}
 */
export function parseElement(definition: unknown, source: string): Element {
  const faults = validator.Check(definition)
    ? findFaults(definition)
    : explain(validator.Errors(definition))
  if (faults.length > 0) {
    throw new DefinitionError(
      faults.map(({ at, reason }) => `${source}${at}: ${reason}`).join('\n'),
    )
  }
  return definition as Element
}
