import { type Static, Type } from 'typebox'
import { Model } from '../http/schema.ts'
import * as examples from './examples.ts'
import { elementRef, members, Settings } from './schema.ts'

const nullable = { description: 'Null: not set any more' }

const SettingsChange = Type.Object(
  Object.fromEntries(
    Object.entries(Settings.properties).map(([name, schema]) => [
      name,
      Type.Optional(Type.Union([schema, Type.Null()], nullable)),
    ]),
  ),
  { $id: 'SettingsChange' },
)

/** The body of `PUT` and `PATCH /instances/{id}`. */
export const InstanceChange = Type.Object(
  {
    ...members,
    name: Type.Optional(members.name),
    element: Type.Optional(elementRef),
    settings: Type.Optional(Model<Static<typeof SettingsChange>>('SettingsChange')),
    verify: Type.Optional(
      Type.Boolean({
        description:
          'True: prove a draft with this change. Left out: a draft stays one, and what else is changed of how an instance connects is proved',
      }),
    ),
  },
  {
    $id: 'InstanceChange',
    description:
      'What is left out stays as it is; `********` in the place of a secret keeps it. A whole instance, as it was answered, will do',
    examples: [examples.instanceChange],
  },
)

export type InstanceChange = Static<typeof InstanceChange>

export const changeModels = [SettingsChange, InstanceChange]
