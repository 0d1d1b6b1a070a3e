import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { Settings } from 'typebox/system'
import { authenticationSchema } from '../authentication/authentication.ts'
import { HeaderName } from '../authentication/header.ts'
import { When } from '../exchange/condition.ts'
import { Step } from '../exchange/step.ts'
import { about } from '../http/schema.ts'
import { explain } from './explain.ts'
import { type Fault, findFaults } from './faults.ts'
import { DefaultSettings } from './settings.ts'

const Key = Type.String({ pattern: '^[A-Za-z][A-Za-z0-9._-]{0,99}$' })
const Line = Type.String({ minLength: 1, maxLength: 1000 })
const Scalar = Type.Union([Type.String({ maxLength: 1024 }), Type.Number(), Type.Boolean()])
const strict = { additionalProperties: false }

/** One value that an element asks for. */
const Entry = Type.Object(
  {
    key: Key,
    aliases: Type.Optional(
      about('Other keys that mean the same.', Type.Array(Key, { maxItems: 20 })),
    ),
    name: about('Its label.', Line),
    type: about(
      "`url` is a server's address with or without scheme, `path` a part of an address that may hold slashes; both are normalised where they are used. A `certificate` is the id of one under `/certificates`, or the file itself.",
      Type.Enum([
        'text',
        'textarea',
        'password',
        'url',
        'path',
        'number',
        'boolean',
        'certificate',
      ]),
    ),
    required: Type.Optional(Type.Boolean()),
    secret: Type.Optional(about('Sealed, and never answered.', Type.Boolean())),
    expiresAfterDays: Type.Optional(
      about(
        'How long the vendor lets a secret stand that was given today.',
        Type.Integer({ minimum: 1, maximum: 3650 }),
      ),
    ),
    advanced: Type.Optional(about('Folded away in forms.', Type.Boolean())),
    hidden: Type.Optional(about('Not shown in forms.', Type.Boolean())),
    default: Type.Optional(Scalar),
    constant: Type.Optional(about('Always this, whatever is given.', Scalar)),
    derived: Type.Optional(
      about('Made from other entries by a template, such as `{account|upper|replace:-:_}`.', Line),
    ),
    discovered: Type.Optional(about("Found by a step's `extract`.", Type.Boolean())),
    options: Type.Optional(
      about(
        'The only values that it may have.',
        Type.Array(Type.Object({ value: Type.String(), name: Type.Optional(Line) }, strict), {
          minItems: 1,
          maxItems: 500,
        }),
      ),
    ),
    pattern: Type.Optional(
      about(
        "A regular expression in RE2's syntax, for the whole value.",
        Type.String({ minLength: 1, maxLength: 500 }),
      ),
    ),
    normalise: Type.Optional(
      about(
        'Filters for what was given, as in templates: `trim|lower` or `host|before:.example.com`.',
        Line,
      ),
    ),
    defaultPath: Type.Optional(
      about('For a `url` that was given without a path.', Type.String({ pattern: '^/' })),
    ),
    hosts: Type.Optional(
      about(
        'For a `url`: the only hosts that it may name; `*.example.com` is any below it.',
        Type.Array(Type.String({ pattern: '^(\\*\\.)?[a-z0-9.-]+$' }), {
          minItems: 1,
          maxItems: 50,
        }),
      ),
    ),
    authentications: Type.Optional(
      about(
        'The authentications that need it, by key; left out: all.',
        Type.Array(Type.String(), { minItems: 1 }),
      ),
    ),
    order: Type.Optional(
      about(
        'Its place among the others in forms; left out: as they are listed.',
        Type.Integer({ minimum: 0, maximum: 10_000 }),
      ),
    ),
    help: Type.Optional(about('A sentence: where a person finds it.', Line)),
    placeholder: Type.Optional(Line),
    inert: Type.Optional(
      about('It is kept and answered, but nothing acts on it yet.', Type.Boolean()),
    ),
  },
  strict,
)

/** A step that proves credentials. */
const Probe = Type.Object(
  {
    ...Step.properties,
    authentications: Type.Optional(
      about(
        'The authentications that it is taken for, by key; left out: all.',
        Type.Array(Type.String(), { minItems: 1 }),
      ),
    ),
  },
  strict,
)

export const elementKey = '^(?!\\d+$)[a-z0-9][a-z0-9_-]{0,99}$'

const members = {
  format: Type.Literal(1),
  name: Line,
  hub: Type.String({ pattern: '^[a-z]{1,50}$' }),
  description: Line,
  configDescription: about('Help for the person who fills the form.', Line),
  documentation: Type.Optional(
    about(
      'Where the vendor documents its API.',
      Type.String({ pattern: '^https://', maxLength: 1000 }),
    ),
  ),
  image: Type.Optional(about("Left out: initials on the hub's colour.", Line)),
  version: Type.Optional(
    about(
      'For people; versions are known by their content.',
      Type.String({ minLength: 1, maxLength: 50 }),
    ),
  ),
  entries: Type.Array(Entry, { maxItems: 200 }),
  baseUrl: about('Starts with a `url` entry or with a scheme and host.', Line),
  headers: Type.Optional(
    about(
      'Sent with every request.',
      Type.Record(Type.String(), Type.String(), { maxProperties: 20 }),
    ),
  ),
  authentications: Type.Array(authenticationSchema, { minItems: 1, maxItems: 20 }),
  probes: Type.Optional(
    about(
      'What proves credentials, one after the other; what one extracts the next may use.',
      Type.Array(Probe, { maxItems: 5 }),
    ),
  ),
  settings: Type.Optional(DefaultSettings),
  gateway: Type.Optional(
    about(
      'What calls through the gateway have to know of this vendor.',
      Type.Object(
        {
          throttled: Type.Optional(
            about(
              'Answers that mean, besides status 429, that it takes no more calls for a while.',
              Type.Array(When, { minItems: 1, maxItems: 20 }),
            ),
          ),
          idempotencyHeader: Type.Optional(
            about(
              'The header by which it knows a call that it has had already, such as `Idempotency-Key`.',
              HeaderName,
            ),
          ),
          timeoutSeconds: Type.Optional(
            about(
              'How long it may take until its answer begins, in seconds, where that is longer or shorter than for others.',
              Type.Integer({ minimum: 1, maximum: 3600 }),
            ),
          ),
          requestHeaders: Type.Optional(
            about(
              'Headers of callers that it has to get, besides those that any vendor gets.',
              Type.Array(HeaderName, { minItems: 1, maxItems: 50 }),
            ),
          ),
        },
        strict,
      ),
    ),
  ),
  /** The header in which the vendor says when to come back, besides `Retry-After`. */
  retryAfter: Type.Optional(
    Type.Object(
      {
        header: Line,
        unit: about(
          '`unix…` is a point in time.',
          Type.Enum(['seconds', 'milliseconds', 'unix', 'unixMillis']),
        ),
      },
      strict,
    ),
  ),
}

const ElementDefinition = Type.Object(
  {
    id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    key: Type.String({ pattern: elementKey }),
    ...members,
  },
  strict,
)

/** A definition as its author writes it: the service gives the id, and a key where none is named. */
export const OwnDefinition = Type.Object(
  {
    $schema: Type.Optional(Type.String()),
    key: Type.Optional(Type.String({ pattern: elementKey })),
    ...members,
  },
  strict,
)

/** A definition as a file of the catalogue, and what editors check it with. */
export const FileDefinition = Type.Object(
  {
    $schema: Type.Optional(Type.String()),
    id: Type.Integer({ minimum: 1, maximum: 9_999 }),
    key: Type.String({ pattern: elementKey }),
    ...members,
  },
  strict,
)

export type Element = Static<typeof ElementDefinition>
export type Entry = Static<typeof Entry>
export type OwnDefinition = Static<typeof OwnDefinition>

// Of the few that TypeBox tells by itself, none may be about the branch of a union that is meant.
Settings.Set({ maxErrors: 1000 })
const validator = Compile(ElementDefinition)

/** A definition that cannot be used; the message says where and why, one problem a line. */
export class DefinitionError extends Error {
  readonly faults: Fault[]

  constructor(source: string, faults: Fault[]) {
    super(faults.map(({ at, reason }) => `${source}${at}: ${reason}`).join('\n'))
    this.faults = faults
  }
}

/**
 * Checks a definition: first its shape, then that its parts fit each other.
 * @throws {DefinitionError}
 */
export function parseElement(given: unknown, source: string): Element {
  const definition = withoutSchema(given)
  const faults = validator.Check(definition)
    ? findFaults(definition)
    : explain(validator.Errors(definition))
  if (faults.length > 0) throw new DefinitionError(source, faults)
  return definition as Element
}

/** `$schema` is for editors, and no part of what a definition says. */
function withoutSchema(given: unknown): unknown {
  if (given === null || typeof given !== 'object' || Array.isArray(given)) return given
  const { $schema: _, ...definition } = given as Record<string, unknown>
  return definition
}

/** Where its picture is, relative to the API. */
export function imageOf({ key, image }: Element): string {
  return image ?? `elements/${key}/image`
}
