import { Type } from 'typebox'
import { Id } from '../http/schema.ts'

const Count = (description: string) => Type.Integer({ minimum: 0, description })
const Seconds = (description: string) => Type.Number({ minimum: 0, description })

const waits = {
  waiting: Count('Calls that wait for it, on all replicas'),
  longestWaitSeconds: Seconds('How long the one has waited that waits longest'),
}

/** How full a rate limit is. */
export const budgetLive = {
  windows: Type.Array(
    Type.Object({
      amount: Count('Calls that may start in any such time'),
      periodSeconds: Seconds('How long the window is'),
      used: Count('Calls that count at the moment, those about to start included'),
      remaining: Count('Calls that may start at once'),
      resetSeconds: Seconds('Until less of it is used; 0 where nothing is'),
    }),
  ),
  ...waits,
  pausedSeconds: Seconds(
    'For so long nothing starts, since the vendor has asked for it; 0 where it has not',
  ),
}

/** How full a connection pool is. */
export const poolLive = {
  inUse: Count('Calls in flight, on all replicas'),
  ...waits,
  holders: Type.Array(
    Type.Object({
      id: Id('The instance'),
      name: Type.String(),
      calls: Count('Its calls in flight'),
    }),
    { description: 'Instances that you may see, with calls in flight' },
  ),
  otherHolders: Type.Object(
    { instances: Count('How many'), calls: Count('Their calls in flight') },
    { description: 'Instances of other users' },
  ),
}
