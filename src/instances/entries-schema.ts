import { type Static, Type } from 'typebox'
import { Id, NullableString, OneOf } from '../http/schema.ts'

export const InstanceEntry = Type.Object(
  {
    id: Id('The entry; the same in all instances'),
    key: Type.String(),
    name: Type.String(),
    propertyValue: NullableString({
      description: 'As a text; `null` where there is none, `********` in the place of a secret',
    }),
    description: Type.String(),
    defaultValue: NullableString(),
    type: OneOf(['TEXTFIELD_128', 'TEXTFIELD_1000', 'TEXTAREA', 'PASSWORD', 'BOOLEAN', 'COMBO']),
    required: Type.Boolean(),
    hideFromConsole: Type.Boolean(),
    internal: Type.Boolean({ description: 'Whether the service makes the value' }),
    active: Type.Boolean(),
    displayOrder: Type.Integer(),
    options: Type.Array(Type.Object({ value: Type.String(), name: Type.String() })),
    secret: Type.Boolean(),
  },
  { $id: 'InstanceEntry', description: 'One value of the configuration of an instance' },
)

/** The body of `PATCH …/configuration/{configId}`; a whole entry, as it was answered, will do. */
export const InstanceEntryChange = Type.Object(
  {
    propertyValue: Type.Unsafe<string | number | boolean | null>({
      type: ['string', 'number', 'boolean', 'null'],
      description: '`null` takes the value away, `********` keeps a secret',
    }),
  },
  { $id: 'InstanceEntryChange', examples: [{ propertyValue: 'api2' }] },
)

export const entryModels = [InstanceEntry, InstanceEntryChange]

export type InstanceEntry = Static<typeof InstanceEntry>
export type InstanceEntryChange = Static<typeof InstanceEntryChange>
