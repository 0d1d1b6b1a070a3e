import { type Static, Type } from 'typebox'
import { escapes, renderAll } from '../exchange/template.ts'
import { HeaderTemplates, withHeaders } from './header.ts'
import { type AuthenticationType, common, strict } from './type.ts'

const schema = Type.Object(
  { type: Type.Literal('headers'), ...common, headers: HeaderTemplates },
  strict,
)

/** Credentials in several headers. */
export const headers = {
  schema,
  seesBody: () => false,
  sign: (request, authentication, values) =>
    withHeaders(request, renderAll(authentication.headers, values, escapes.header)),
} as const satisfies AuthenticationType<Static<typeof schema>> & { schema: unknown }
