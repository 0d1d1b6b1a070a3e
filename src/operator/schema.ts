import { type Static, Type } from 'typebox'
import { Id, NullableString, OneOf } from '../http/schema.ts'

const Time = (description: string) => Type.String({ format: 'date-time', description })

const Name = Type.String({
  minLength: 1,
  maxLength: 255,
  pattern: '^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$',
  description: 'For people',
})

/** An organization, as its operator sees it. */
export const Organization = Type.Object(
  {
    id: Id('The organization'),
    name: Type.String(),
    state: OneOf(['active', 'disabled', 'erasing'], {
      description:
        '`disabled`: none of its callers is known; `erasing`: its keys are gone, and its rows go',
    }),
    createdDate: Time('When it was made'),
    disabledDate: NullableString({ format: 'date-time' }),
  },
  {
    $id: 'Organization',
    description: 'An organization, as its operator sees it',
    examples: [
      {
        id: 7,
        name: 'Acme Ltd',
        state: 'active',
        createdDate: '2026-02-01T09:30:00.000Z',
        disabledDate: null,
      },
    ],
  },
)

export const OrganizationRequest = Type.Object(
  {
    name: Name,
    user: Type.Object(
      { emailAddress: Type.String({ maxLength: 254, description: 'Of the first user' }) },
      { additionalProperties: false },
    ),
  },
  {
    additionalProperties: false,
    $id: 'OrganizationRequest',
    description: 'A new organization, and its first user, who is its admin',
    examples: [{ name: 'Acme Ltd', user: { emailAddress: 'ops@acme.example' } }],
  },
)

export const OrganizationChange = Type.Object(
  { name: Type.Optional(Name), disabled: Type.Optional(Type.Boolean()) },
  { additionalProperties: false, minProperties: 1, $id: 'OrganizationChange' },
)

/** What the first user of an organization needs; told this once. */
export const FirstAccess = Type.Object(
  {
    organization: Type.Ref('Organization'),
    userId: Id('Its first user'),
    organizationSecret: Type.String({ description: 'Told this once' }),
    userSecret: Type.String({ description: 'Told this once' }),
  },
  { $id: 'FirstAccess', description: 'A new organization, with the secrets of its first user' },
)

/** A user, as the operator sees it. */
export const OrganizationUser = Type.Object(
  {
    id: Id('The user'),
    emailAddress: Type.String(),
    firstName: Type.String(),
    lastName: Type.String(),
    role: OneOf(['user', 'org-admin']),
    active: Type.Boolean(),
    createdDate: Time('When it was made'),
  },
  { $id: 'OrganizationUser', description: 'A user, as the operator sees it' },
)

/** How far an erasure is. */
export const Erasure = Type.Object(
  {
    state: OneOf(['erasing', 'erased'], {
      description: '`erasing`: nothing opens any more; what is left goes in the background',
    }),
  },
  { $id: 'Erasure', description: 'How far an erasure is' },
)

export const operatorModels = [
  Organization,
  OrganizationRequest,
  OrganizationChange,
  FirstAccess,
  OrganizationUser,
  Erasure,
]

export type Organization = Static<typeof Organization>
export type OrganizationRequest = Static<typeof OrganizationRequest>
export type OrganizationChange = Static<typeof OrganizationChange>
export type FirstAccess = Omit<Static<typeof FirstAccess>, 'organization'> & {
  organization: Organization
}
export type OrganizationUser = Static<typeof OrganizationUser>
export type Erasure = Static<typeof Erasure>
