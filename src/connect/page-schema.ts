import { type Static, Type } from 'typebox'
import { Id, Model, NullableString, OneOf } from '../http/schema.ts'
import { members } from '../instances/schema.ts'

const strict = { additionalProperties: false }

const ConnectEntry = Type.Object({
  key: Type.String(),
  name: Type.String({ description: 'Its label' }),
  type: Type.String({ description: 'As in a definition: `text`, `url`, `certificate`, …' }),
  required: Type.Boolean(),
  kept: Type.Boolean({ description: 'Whether what is left empty stays as it is' }),
  secret: Type.Boolean(),
  advanced: Type.Boolean({ description: 'Folded away' }),
  help: NullableString(),
  placeholder: NullableString(),
  pattern: NullableString({
    description:
      "A regular expression in RE2's syntax that the whole value has to match as it is typed; `null` too where it is rewritten before it is judged",
  }),
  default: NullableString(),
  options: Type.Array(Type.Object({ value: Type.String(), name: Type.String() })),
})

const ConnectAuthentication = Type.Object({
  key: Type.String(),
  type: Type.String(),
  name: Type.String(),
  help: NullableString(),
  consent: Type.Boolean({
    description: 'Whether the vendor asks for a consent on a page of its own',
  }),
  entries: Type.Array(ConnectEntry),
})

const ConnectElement = Type.Object({
  id: Id('The element'),
  key: Type.String(),
  name: Type.String(),
  description: Type.String(),
  configDescription: Type.String(),
  image: Type.String({ description: 'A data URL' }),
  authentications: Type.Array(ConnectAuthentication),
})

const state = {
  id: Id('The session'),
  status: OneOf(['opened', 'succeeded', 'failed', 'expired', 'cancelled', 'pending']),
  statusReason: NullableString({ description: 'Why it is not connected (yet), for people' }),
  allowedOrigin: Type.String({ description: 'Who may hear of the end' }),
  returnUrl: NullableString({ description: 'Where to go back to, with the status in the query' }),
}

export const ConnectState = Type.Object(state, {
  $id: 'ConnectState',
  description: 'How far a connect session is',
})

export const ConnectPage = Type.Object(
  {
    ...state,
    expiresAt: Type.String({ format: 'date-time' }),
    reconnects: Type.Boolean({ description: 'Whether something connected is connected anew' }),
    appearance: Type.Object({
      name: Type.Optional(Type.String()),
      color: Type.Optional(Type.String()),
      logoUrl: Type.Optional(Type.String()),
    }),
    elements: Type.Array(ConnectElement),
  },
  {
    $id: 'ConnectPage',
    description: 'What the page of a connect session asks for; nothing that is set beforehand',
  },
)

export const ConnectLink = Type.Object(
  { link: Type.String({ maxLength: 200, description: 'What stands behind `#` in the address' }) },
  { $id: 'ConnectLink', ...strict },
)

export const ConnectAnswers = Type.Object(
  {
    elementId: Id('The element that was chosen', { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    authentication: Type.String({ maxLength: 100, description: 'The key of the one chosen' }),
    configuration: members.configuration,
  },
  { $id: 'ConnectAnswers', ...strict, description: 'What the customer filled in' },
)

export const ConnectCertificate = Type.Object(
  {
    key: Type.String({ description: 'The entry that it was filled into' }),
    subject: Type.String(),
    issuer: Type.String(),
    notAfter: Type.String({ format: 'date-time', description: 'When it expires' }),
  },
  { $id: 'ConnectCertificate', description: 'A certificate that a customer filled in' },
)

export const pageModels = [
  ConnectState,
  ConnectPage,
  ConnectLink,
  ConnectAnswers,
  ConnectCertificate,
]
export const State = Model<ConnectState>('ConnectState')

export type ConnectState = Static<typeof ConnectState>
export type ConnectPage = Static<typeof ConnectPage>
export type ConnectElement = Static<typeof ConnectElement>
export type ConnectAuthentication = Static<typeof ConnectAuthentication>
export type ConnectEntry = Static<typeof ConnectEntry>
export type ConnectLink = Static<typeof ConnectLink>
export type ConnectCertificate = Static<typeof ConnectCertificate>
export type ConnectAnswers = Static<typeof ConnectAnswers>
