import { Type } from 'typebox'
import { type AuthenticationType, common, strict } from './type.ts'

const schema = Type.Object({ type: Type.Literal('none'), ...common }, strict)

/** Nothing at all, for what is open to everyone. */
export const none = {
  schema,
  seesBody: () => false,
  sign: (request) => request,
} as const satisfies AuthenticationType<unknown> & { schema: unknown }
