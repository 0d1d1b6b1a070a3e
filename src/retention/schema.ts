import { Type } from 'typebox'
import { statedKinds, statedNames } from './kinds.ts'

const Days = Object.fromEntries(
  statedNames.map((name) => {
    const { description, minimum, maximum, default: days } = statedKinds[name]
    return [
      name,
      Type.Integer({
        minimum,
        maximum,
        description: `${description}; ${days} days unless said otherwise`,
      }),
    ]
  }),
)

/** How long an organization keeps what. */
export const Retention = Type.Object(Days, {
  $id: 'Retention',
  description: 'For how many days each kind of record is kept',
})

/** The body of `PUT /organization/retention`. */
export const RetentionRequest = Type.Partial(Type.Object(Days), {
  $id: 'RetentionRequest',
  additionalProperties: false,
  description: 'For how many days each kind of record is to be kept',
})
