import { type Static, Type } from 'typebox'
import { OwnDefinition } from '../definition/element.ts'
import { Id, Model, NullableString, OneOf } from '../http/schema.ts'
import { elementExample } from './example.ts'

const ConfigurationEntry = Type.Object(
  {
    id: Id('The entry, among all of all elements'),
    key: Type.String(),
    name: Type.String({ description: 'Its label' }),
    description: Type.String({ description: 'The same as `help`; may be empty' }),
    defaultValue: NullableString(),
    type: OneOf(['TEXTFIELD_128', 'TEXTFIELD_1000', 'TEXTAREA', 'PASSWORD', 'BOOLEAN', 'COMBO']),
    required: Type.Boolean(),
    hideFromConsole: Type.Boolean(),
    internal: Type.Boolean({ description: 'Whether the service makes the value' }),
    active: Type.Boolean(),
    displayOrder: Type.Integer(),
    options: Type.Array(Type.Object({ value: Type.String(), name: Type.String() })),
    kind: OneOf(
      ['text', 'textarea', 'password', 'url', 'path', 'number', 'boolean', 'certificate'],
      { description: 'What the value is' },
    ),
    secret: Type.Boolean({ description: 'Whether it reads `********` in every answer' }),
    advanced: Type.Boolean({ description: 'Whether forms fold it away' }),
    aliases: Type.Array(Type.String(), { description: 'Other keys that mean the same' }),
    help: NullableString(),
    placeholder: NullableString(),
    pattern: NullableString({
      description:
        "A regular expression in RE2's syntax that the whole value has to match as it is typed; `null` too where it is rewritten before it is judged",
    }),
    authentications: Type.Unsafe<string[] | null>({
      type: ['array', 'null'],
      items: { type: 'string' },
      description: 'The authentications that need it, by key; `null`: all',
    }),
  },
  { $id: 'ConfigurationEntry', description: 'One value that an element asks for' },
)

const AuthenticationChoice = Type.Object(
  {
    key: Type.String({ description: 'What an instance names as `authentication.type`' }),
    type: Type.String(),
    name: Type.String(),
    help: NullableString(),
    default: Type.Boolean({
      description: 'Whether it is meant where a request names none of several',
    }),
    consent: Type.Boolean({
      description: "Whether somebody has to consent in a browser: see the element's `oauth/url`",
    }),
  },
  { $id: 'AuthenticationChoice', description: 'One of the ways in which a vendor may know us' },
)

const ElementSettings = Type.Object(
  {
    timeZone: Type.Optional(Type.String()),
    dateFormat: Type.Optional(Type.String()),
    rateLimits: Type.Optional(
      Type.Array(
        Type.Object({
          amount: Type.Integer(),
          unit: OneOf(['second', 'minute', 'hour', 'day']),
          every: Type.Optional(Type.Integer()),
        }),
      ),
    ),
    concurrency: Type.Optional(Type.Integer({ description: 'Calls in flight at once' })),
    verifyEveryHours: Type.Optional(
      Type.Integer({ description: 'How often they are tried again in the background; 0: never' }),
    ),
  },
  { $id: 'ElementSettings', description: 'What instances start from' },
)

const identity = {
  id: Id("The element; the catalogue's are below 10,000"),
  key: Type.String(),
  name: Type.String(),
  hub: Type.String(),
}

const ElementAnswer = Type.Object(
  {
    ...identity,
    description: Type.String(),
    image: Type.String({ description: 'Where its picture is, relative to the API' }),
    active: Type.Boolean({ description: 'Whether it can be provisioned' }),
    deleted: Type.Boolean(),
    typeOauth: Type.Boolean(),
    trialAccount: Type.Boolean(),
    configDescription: Type.String(),
    transformationsEnabled: Type.Boolean(),
    authentication: Type.Object({ type: Type.String() }, { description: 'The first of them' }),
    parameters: Type.Array(Type.String()),
    configuration: Type.Array(Model<ConfigurationEntry>('ConfigurationEntry')),
    authenticationTypes: Type.Array(Model<AuthenticationChoice>('AuthenticationChoice')),
    settings: Model<ElementSettings>('ElementSettings'),
    documentation: NullableString({ description: 'Where the vendor documents its API' }),
    version: Type.String({ description: 'Of the definition that new instances get' }),
    own: Type.Boolean({ description: "Whether it is the organization's own" }),
    installed: Type.Boolean({ description: 'Whether the organization uses it' }),
    updateAvailable: Type.Boolean({ description: 'Whether another version can be used instead' }),
  },
  {
    $id: 'Element',
    description: 'A system that can be connected, and what it asks for',
    examples: [elementExample],
  },
)

const ElementKey = Type.Object(identity, { $id: 'ElementKey' })

const ElementMetadata = Type.Object(
  {
    ...identity,
    authentications: Type.Array(Model<AuthenticationChoice>('AuthenticationChoice')),
    probe: Type.Boolean({ description: 'Whether credentials can be proved at the vendor' }),
    discovers: Type.Array(Type.String(), {
      description: 'The entries that the vendor tells by itself',
    }),
    settings: Model<ElementSettings>('ElementSettings'),
    documentation: NullableString(),
  },
  { $id: 'ElementMetadata', description: 'What an element supports' },
)

const Hub = Type.Object(
  {
    key: Type.String(),
    name: Type.String(),
    elements: Type.Integer({ description: 'How many there are' }),
  },
  { $id: 'Hub', description: 'A category of elements' },
)

const ElementDefinition = {
  ...OwnDefinition,
  $id: 'ElementDefinition',
  description: 'An element as its author writes it; see `GET /elements/schema`',
}

/** What the document names, and routes refer to. */
export const models = [
  ConfigurationEntry,
  AuthenticationChoice,
  ElementSettings,
  ElementAnswer,
  ElementKey,
  ElementMetadata,
  Hub,
  ElementDefinition,
]

export type ConfigurationEntry = Static<typeof ConfigurationEntry>
export type AuthenticationChoice = Static<typeof AuthenticationChoice>
export type ElementSettings = Static<typeof ElementSettings>
export type ElementAnswer = Static<typeof ElementAnswer>
export type ElementKey = Static<typeof ElementKey>
export type ElementMetadata = Static<typeof ElementMetadata>
export type Hub = Static<typeof Hub>
