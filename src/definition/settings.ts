import { Type } from 'typebox'
import { about } from '../http/schema.ts'

const strict = { additionalProperties: false }

/** At most `amount` calls started in any such time. */
const RateLimit = Type.Object(
  {
    amount: Type.Integer({ minimum: 1, maximum: 1_000_000_000 }),
    unit: Type.Enum(['second', 'minute', 'hour', 'day']),
    every: Type.Optional(
      about('How many units long the window is; 1.', Type.Integer({ minimum: 1, maximum: 1000 })),
    ),
  },
  strict,
)

/** What an element's instances start from. */
export const DefaultSettings = Type.Object(
  {
    timeZone: Type.Optional(Type.String()),
    dateFormat: Type.Optional(Type.String()),
    rateLimits: Type.Optional(Type.Array(RateLimit, { minItems: 1, maxItems: 10 })),
    concurrency: Type.Optional(
      about('Calls in flight at once.', Type.Integer({ minimum: 1, maximum: 10_000 })),
    ),
    retries: Type.Optional(
      about(
        'How often a call is sent again where that does no harm; 0.',
        Type.Integer({ minimum: 0, maximum: 5 }),
      ),
    ),
    verifyEveryHours: Type.Optional(
      about(
        'How often instances are tried again in the background; 24, and 0 for never.',
        Type.Integer({ minimum: 0, maximum: 8760 }),
      ),
    ),
  },
  strict,
)

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return /[A-Za-z]/.test(name)
  } catch {
    return false
  }
}
