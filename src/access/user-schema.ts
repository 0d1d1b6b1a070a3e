import { type Static, Type } from 'typebox'
import { Id, storable } from '../http/schema.ts'

const Time = Type.String({ format: 'date-time' })
const Name = (description: string) =>
  Type.String({ maxLength: 255, pattern: storable, description })
const Email = Type.String({
  maxLength: 254,
  description: 'What the user signs in with; of one user only, in upper and lower case alike',
})
const Password = Type.String({
  maxLength: 2048,
  description: '8 to 1024 characters of any kind, and none of those that are guessed first',
})
const roleKeys =
  '`user` (also `org`) or `org-admin`, each as a text or as the `key` of an object. Every user is a `user`'
const GivenRoles = Type.Array(
  Type.Union([
    Type.String({ maxLength: 100 }),
    Type.Object({ key: Type.String({ maxLength: 100 }) }),
  ]),
  { maxItems: 10, description: roleKeys },
)

export const RoleAnswer = Type.Object(
  {
    id: Id('The role'),
    name: Type.String(),
    key: Type.String(),
    description: Type.String(),
    active: Type.Boolean(),
    features: Type.Array(Type.String()),
  },
  { $id: 'Role', description: 'What a user may do' },
)
export type RoleAnswer = Static<typeof RoleAnswer>

export const User = Type.Object(
  {
    id: Id('The user'),
    accountId: Id('The account that the user belongs to'),
    email: Type.String(),
    firstName: Type.String(),
    lastName: Type.String(),
    fullName: Type.String(),
    active: Type.Boolean({ description: 'Whether the user is let in' }),
    roles: Type.Array(Type.Unsafe<RoleAnswer>(Type.Ref('Role'))),
    createdDate: Time,
    updatedDate: Time,
    secret: Type.Optional(
      Type.String({
        description:
          'The User part of the Authorization header: told when the user is made, and to who knows the password',
      }),
    ),
  },
  {
    $id: 'User',
    description: 'A person or program of the organization, with instances of its own',
    examples: [
      {
        id: 5,
        accountId: 1,
        email: 'ada@acme.example',
        firstName: 'Ada',
        lastName: 'Lovelace',
        fullName: 'Ada Lovelace',
        active: true,
        roles: [
          {
            id: 1,
            name: 'User',
            key: 'user',
            description: 'Has instances of their own',
            active: true,
            features: [],
          },
        ],
        createdDate: '2026-02-01T09:30:00.000Z',
        updatedDate: '2026-02-01T09:30:00.000Z',
      },
    ],
  },
)
export type User = Static<typeof User>

export const UserRequest = Type.Object(
  {
    email: Email,
    firstName: Type.Optional(Name('The given name')),
    lastName: Type.Optional(Name('The family name')),
    password: Type.Optional(Password),
    roles: Type.Optional(GivenRoles),
  },
  { $id: 'UserRequest', description: 'A new user; without a password it cannot sign in by one' },
)
export type UserRequest = Static<typeof UserRequest>

export const UserChange = Type.Object(
  {
    email: Type.Optional(Email),
    firstName: Type.Optional(Name('The given name')),
    lastName: Type.Optional(Name('The family name')),
    password: Type.Optional(Password),
    oldPassword: Type.Optional(
      Type.String({ maxLength: 2048, description: 'Needed to change your own' }),
    ),
    active: Type.Optional(
      Type.Boolean({ description: '`false` lets the user in no more; for admins' }),
    ),
    roles: Type.Optional(GivenRoles),
  },
  {
    $id: 'UserChange',
    description: 'What is left out stays. A new password signs the user out everywhere',
  },
)
export type UserChange = Static<typeof UserChange>

export const NewSecret = Type.Object(
  {
    secret: Type.String({ description: 'Works at once; told this once' }),
    previousExpiresAt: Type.String({
      format: 'date-time',
      description: 'When the one before stops working',
    }),
  },
  { $id: 'NewSecret', description: 'A secret in the place of another' },
)
export type NewSecret = Static<typeof NewSecret>

export const Overlap = Type.Object(
  {
    overlapSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 30 * 86_400,
        default: 86_400,
        description: 'How long the secret before goes on working; 0 ends it at once',
      }),
    ),
  },
  { $id: 'Overlap', description: 'How one secret takes the place of another' },
)
export type Overlap = Static<typeof Overlap>

export const userModels = [RoleAnswer, User, UserRequest, UserChange, NewSecret, Overlap]
