import { type Static, Type } from 'typebox'
import { Id, NullableString, OneOf, storable } from '../http/schema.ts'

const NullableId = (description: string) =>
  Type.Unsafe<number | null>({ type: ['integer', 'null'], format: 'int64', description })

/** One thing that was done. */
export const AuditEntry = Type.Object(
  {
    id: Id('The entry'),
    createdDate: Type.String({ format: 'date-time', description: 'When' }),
    action: Type.String({ description: 'What was done, such as `instance.created`' }),
    actor: OneOf(['user', 'operator', 'service'], {
      description: 'Who did it: a user, the operator of the service, or the service by itself',
    }),
    userId: NullableId('The user who did it'),
    ownerId: NullableId('Whose it is, where somebody else did it'),
    instanceId: NullableId('The instance that it was done to'),
    requestId: Type.String({ description: 'The request that did it, as its answer named it' }),
    address: NullableString({
      description: 'From where; `null` for what others did, unless an admin reads',
    }),
    detail: Type.Record(Type.String(), Type.Unknown(), {
      description: 'What else is known, such as ids of other things; never a secret',
    }),
  },
  {
    $id: 'AuditEntry',
    description: 'One thing that was done, by whom, when and from where',
    examples: [
      {
        id: 4711,
        createdDate: '2026-02-01T09:30:00.000Z',
        action: 'certificate.replaced',
        actor: 'user',
        userId: 5,
        ownerId: null,
        instanceId: null,
        requestId: '5f2b8c1d9e3a4b6c7d8e9f01',
        address: '203.0.113.7',
        detail: { certificateId: 12 },
      },
    ],
  },
)
export type AuditEntry = Static<typeof AuditEntry>

const known = { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }

/** The filters of `GET /audit`. */
export const auditParameters = {
  instanceId: Type.Optional(Id('Done to this instance', known)),
  userId: Type.Optional(Id('Done by this user', known)),
  action: Type.Optional(
    Type.String({
      maxLength: 100,
      pattern: storable,
      description: 'Such as `instance.created`, word for word',
    }),
  ),
  requestId: Type.Optional(
    Type.String({ maxLength: 100, pattern: storable, description: 'Done by this request' }),
  ),
  from: Type.Optional(
    Type.String({
      maxLength: 40,
      description: 'Done then or later: `2026-01-31` or `2026-01-31T09:30:00Z`',
    }),
  ),
  to: Type.Optional(Type.String({ maxLength: 40, description: 'Done earlier than that' })),
}
