import { type Static, Type } from 'typebox'
import { NullableString, OneOf } from '../http/schema.ts'
import type { Exchange } from '../probe/exchange.ts'
import { elementInstanceRequest } from './examples.ts'
import { elementRef, members } from './schema.ts'

const { name, verify: _, ...others } = members

const TrialRequest = Type.Object(
  { element: Type.Optional(elementRef), name: Type.Optional(name), ...others },
  {
    $id: 'TrialRequest',
    examples: [{ configuration: elementInstanceRequest.configuration }],
  },
)

const Trial = Type.Object(
  {
    verdict: OneOf(['verified', 'unverified'], {
      description: '`unverified` where the element offers nothing to check with',
    }),
    state: OneOf(['verified', 'unverified'], { description: 'Of an instance made from this' }),
    stateReason: NullableString({ description: 'For people' }),
    discovered: Type.Record(Type.String(), Type.String(), {
      description: 'What the vendor told by itself; a secret reads `********`',
    }),
    probe: Type.Unsafe<Exchange | null>(Type.Union([Type.Ref('Exchange'), Type.Null()])),
    warnings: Type.Array(Type.Object({ key: Type.String(), message: Type.String() })),
  },
  { $id: 'Trial', description: 'What became of trying a configuration; nothing is stored' },
)

export const trialModels = [TrialRequest, Trial]

export type TrialRequest = Static<typeof TrialRequest>
export type Trial = Static<typeof Trial>
