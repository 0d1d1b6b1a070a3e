import { type Static, Type } from 'typebox'
import { Id, Model } from '../http/schema.ts'

const keys = Type.Array(Type.String())

const Break = Type.Object(
  {
    id: Id('The instance'),
    name: Type.String(),
    reasons: Type.Array(Type.Object({ key: Type.String(), reason: Type.String() })),
  },
  { $id: 'UpdateBreak', description: 'An instance that an update would break, and why' },
)

const versions = {
  from: Type.String({ description: 'The version that the organization uses' }),
  to: Type.String({ description: 'The version that the update leads to' }),
}

const ElementUpdate = Type.Object(
  {
    ...versions,
    available: Type.Boolean({ description: 'Whether they differ' }),
    entries: Type.Object({
      added: keys,
      removed: keys,
      changed: Type.Array(
        Type.Object({
          key: Type.String(),
          changes: Type.Array(
            Type.Object({ member: Type.String(), from: Type.Unknown(), to: Type.Unknown() }),
          ),
        }),
      ),
    }),
    authentications: Type.Object({ added: keys, removed: keys, changed: keys }),
    others: Type.Array(Type.String(), { description: 'Other members that are not the same' }),
    breaks: Type.Array(Model<Static<typeof Break>>('UpdateBreak'), { description: '100 at most' }),
    complete: Type.Boolean({ description: 'Whether those are all' }),
  },
  { $id: 'ElementUpdate', description: 'What another version of an element would change' },
)

const ElementUpdated = Type.Object(
  {
    ...versions,
    moved: Type.Integer({ description: 'How many instances are at the new version now' }),
    kept: Type.Integer({ description: 'How many stay at theirs' }),
    breaks: Type.Array(Model<Static<typeof Break>>('UpdateBreak'), {
      description: 'Those that the new version would break, 100 at most',
    }),
  },
  { $id: 'ElementUpdated', description: 'What an update did' },
)

export const updateModels = [Break, ElementUpdate, ElementUpdated]

export type UpdateBreak = Static<typeof Break>
export type ElementUpdate = Static<typeof ElementUpdate>
export type ElementUpdated = Static<typeof ElementUpdated>
