import { type Static, Type } from 'typebox'
import { Id } from '../http/schema.ts'
import type { Instance } from '../instances/schema.ts'

/** What came of a line. */
export const LineResult = Type.Object(
  {
    line: Id('Which line of the request, counted from 1, blank ones too'),
    status: Type.Integer({ description: 'As it would be of a request of its own' }),
    instance: Type.Optional(Type.Unsafe<Instance>(Type.Ref('Instance'))),
    error: Type.Optional(Type.Ref('Problem')),
  },
  {
    $id: 'LineResult',
    description: 'What came of a line: the instance, or why there is none',
  },
)
export type LineResult = Static<typeof LineResult>
