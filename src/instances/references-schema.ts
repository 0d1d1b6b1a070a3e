import { type Static, Type } from 'typebox'
import { NullableString } from '../http/schema.ts'

/** What no database stores is in none. */
export const storable = '^[^\\u0000]*$'
const Text = (maxLength: number, description: string) =>
  Type.Unsafe<string | null>({
    type: ['string', 'null'],
    maxLength,
    pattern: storable,
    description,
  })

/** What a client app says of a use of an instance. */
export const InstanceReferenceRequest = Type.Object(
  {
    url: Type.Optional(Text(2048, 'Where people find it: http or https')),
    description: Type.Optional(Text(1000, 'For people')),
  },
  {
    $id: 'InstanceReferenceRequest',
    additionalProperties: false,
    description: 'What a client app says of a use of an instance',
  },
)
export type InstanceReferenceRequest = Static<typeof InstanceReferenceRequest>

/** Something that uses an instance. */
export const InstanceReference = Type.Object(
  {
    name: Type.String({ description: 'As the client app calls it' }),
    url: NullableString({ description: 'Where people find it' }),
    description: NullableString({ description: 'For people' }),
    createdDate: Type.String({ format: 'date-time' }),
    updatedDate: Type.String({ format: 'date-time' }),
  },
  { $id: 'InstanceReference', description: 'Something that uses an instance' },
)
export type InstanceReference = Static<typeof InstanceReference>

/** Which instance takes the place of another. */
export const InstanceReplacement = Type.Object(
  {
    by: Type.Integer({
      format: 'int64',
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'Another instance of yours, of the same element, that can be called through',
    }),
  },
  {
    $id: 'InstanceReplacement',
    additionalProperties: false,
    description: 'Which instance takes the place of another',
  },
)
export type InstanceReplacement = Static<typeof InstanceReplacement>

export const referenceModels = [InstanceReferenceRequest, InstanceReference, InstanceReplacement]
