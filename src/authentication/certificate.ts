import { Type } from 'typebox'
import { type AuthenticationType, common, strict } from './type.ts'

const schema = Type.Object(
  { type: Type.Literal('certificate'), ...common, certificate: Type.String() },
  strict,
)

/** A client certificate presented in TLS (RFC 8446, section 4.4.2); the request stays as it is. */
export const certificate = {
  schema,
  seesBody: () => false,
  sign: (request) => request,
} as const satisfies AuthenticationType<unknown> & { schema: unknown }
