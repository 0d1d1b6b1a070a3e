import { type TSchema, Type } from 'typebox'

interface Words {
  description?: string
}

/** An id: an integer below 2^53, which generated clients must not read into 32 bits. */
export const Id = (description: string, bounds: { minimum?: number; maximum?: number } = {}) =>
  Type.Integer({ format: 'int64', description, ...bounds })

/** One of these words. Without the type, generators take an enumeration for anything. */
export const OneOf = <const Values extends string[]>(values: Values, words: Words = {}) =>
  Type.Enum(values, { type: 'string', ...words })

/** A text or `null`, in the one form that every generator and the serializer understand. */
export const NullableString = (
  words: Words & {
    format?: 'date-time'
    minLength?: number
    maxLength?: number
    pattern?: string
  } = {},
) => Type.Unsafe<string | null>({ type: ['string', 'null'], ...words })

/**
 * A schema that was added to the server under this name, so that the document names it too; as a
 * response, it says which headers come with it.
 */
export const Model = <T>(name: string, response: { headers?: Record<string, TSchema> } = {}) =>
  Type.Unsafe<T>(Type.Ref(name, response))

/** The schema with a sentence for whoever fills it in. */
export function about<T extends TSchema>(description: string, schema: T): T {
  const described = { value: description, enumerable: true }
  const copied = Object.getOwnPropertyDescriptors<object>(schema)
  return Object.defineProperties({}, { ...copied, description: described }) as T
}

/** The pattern of what PostgreSQL can store: any text without NUL. */
export const storable = '^[^\\u0000]*$'
