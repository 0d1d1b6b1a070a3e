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

const fieldLetters = 'GyYuUrQqMLwWdDFgEecabBhHKkmsSAzZOvVXx'

/** Unicode TR35, "Date Format Patterns": letters are fields, text stands between single quotes. */
export function findDateFormatFault(pattern: string): string | undefined {
  if (pattern === 'unix' || pattern === 'unixMillis') return undefined
  const example = 'a Unicode TR35 pattern such as yyyy-MM-dd, or unix, or unixMillis'
  if (pattern.length > 100) return 'has more than 100 characters'
  if (/\p{Cc}/u.test(pattern) || !pattern.isWellFormed()) {
    return `has a character that cannot be printed: it must be ${example}`
  }
  const fields = pattern.replaceAll("''", '').replace(/'[^']*'/g, '')
  if (fields.includes("'")) return `has a quote that is not closed: it must be ${example}`
  const letters = fields.match(/[A-Za-z]/g) ?? []
  if (letters.length === 0) return `has no field: it must be ${example}`
  const stranger = letters.find((letter) => !fieldLetters.includes(letter))
  return stranger && `has "${stranger}", which is no field: it must be ${example}`
}
