import { type Static, Type } from 'typebox'
import { RenderError, render } from '../exchange/template.ts'
import { entryIn } from './entry-in.ts'
import { withHeaders } from './header.ts'
import { type AuthenticationType, common, strict, Template } from './type.ts'

const schema = Type.Object({ type: Type.Literal('bearer'), ...common, token: Template }, strict)

/** A bearer token in the Authorization header (RFC 6750, section 2.1). */
export const bearer = {
  schema,
  seesBody: () => false,
  sign(request, { token }, values) {
    const written = render(token, values, (value, key) => {
      // Tokens in the wild have more signs than the RFC allows them, such as "|".
      if (/[^\x21-\x7e]/.test(value)) {
        throw new RenderError(key, 'has a space or another character that no bearer token has')
      }
      return value
    })
    if (written === '') throw new RenderError(entryIn(token), 'is needed')
    return withHeaders(request, [['authorization', `Bearer ${written}`]])
  },
} as const satisfies AuthenticationType<Static<typeof schema>> & { schema: unknown }
