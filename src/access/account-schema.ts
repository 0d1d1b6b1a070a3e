import { type Static, Type } from 'typebox'
import { Id, NullableString, OneOf, storable } from '../http/schema.ts'

const Time = Type.String({ format: 'date-time' })
const Name = Type.String({ minLength: 1, maxLength: 255, pattern: storable })
const Description = Type.String({ maxLength: 1024, pattern: storable })
const ExternalId = NullableString({
  maxLength: 255,
  pattern: storable,
  description: 'Your own reference',
})
const Active = Type.Boolean({ description: '`false` lets its users in no more' })

export const Account = Type.Object(
  {
    id: Id('The account'),
    name: Type.String(),
    description: Type.String(),
    externalId: NullableString(),
    active: Type.Boolean(),
    defaultAccount: Type.Boolean({ description: 'Whether it came with the organization' }),
    type: OneOf(['Default', 'CompanyAccount']),
    createdDate: Time,
    updatedDate: Time,
  },
  {
    $id: 'Account',
    description: 'A part of the organization, such as one of its customers, with users',
    examples: [
      {
        id: 7,
        name: 'Acme',
        description: '',
        externalId: 'customer-4711',
        active: true,
        defaultAccount: false,
        type: 'CompanyAccount',
        createdDate: '2026-02-01T09:30:00.000Z',
        updatedDate: '2026-02-01T09:30:00.000Z',
      },
    ],
  },
)
export type Account = Static<typeof Account>

export const AccountRequest = Type.Object(
  {
    name: Name,
    description: Type.Optional(Description),
    externalId: Type.Optional(ExternalId),
  },
  { $id: 'AccountRequest', description: 'A new account' },
)
export type AccountRequest = Static<typeof AccountRequest>

export const AccountReplacement = Type.Object(
  {
    name: Name,
    description: Type.Optional(Description),
    externalId: Type.Optional(ExternalId),
    active: Type.Optional(Active),
  },
  { $id: 'AccountReplacement', description: 'The whole account; whether it is active may stay' },
)
export type AccountReplacement = Static<typeof AccountReplacement>

export const AccountChange = Type.Object(
  {
    name: Type.Optional(Name),
    description: Type.Optional(Description),
    externalId: Type.Optional(ExternalId),
    active: Type.Optional(Active),
  },
  { $id: 'AccountChange', description: 'What is left out stays' },
)
export type AccountChange = Static<typeof AccountChange>

export const accountModels = [Account, AccountRequest, AccountReplacement, AccountChange]
