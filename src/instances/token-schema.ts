import { type Static, Type } from 'typebox'
import { NullableString } from '../http/schema.ts'

const lastUsedAt = NullableString({
  format: 'date-time',
  description: 'To the minute; `null` where it never was',
})
const Time = Type.String({ format: 'date-time' })

/** How one token takes the place of another. */
export const TokenRotation = Type.Object(
  {
    overlapSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 30 * 86_400,
        default: 86_400,
        description: 'How long the token before goes on working; 0 ends it at once',
      }),
    ),
  },
  {
    $id: 'TokenRotation',
    additionalProperties: false,
    description: 'How one token takes the place of another',
  },
)
export type TokenRotation = Static<typeof TokenRotation>

/** The token of an instance, and those before it that still work. */
export const InstanceToken = Type.Object(
  {
    token: Type.String({ description: 'The Element part of the Authorization header' }),
    createdDate: Time,
    lastUsedAt,
    previous: Type.Array(
      Type.Object({
        createdDate: Time,
        lastUsedAt,
        expiresAt: Type.String({ format: 'date-time', description: 'When it stops working' }),
      }),
      { description: 'Those before it that still work, the newest first' },
    ),
  },
  { $id: 'InstanceToken', description: 'The token of an instance, and those that still work' },
)
export type InstanceToken = Static<typeof InstanceToken>

export const tokenModels = [TokenRotation, InstanceToken]
