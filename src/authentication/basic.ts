import { type Static, Type } from 'typebox'
import { RenderError, render } from '../exchange/template.ts'
import { type AuthenticationType, common, strict } from './type.ts'

const schema = Type.Object(
  { type: Type.Literal('basic'), ...common, username: Type.String(), password: Type.String() },
  strict,
)

/** HTTP Basic authentication (RFC 7617), in UTF-8. */
export const basic = {
  schema,
  seesBody: () => false,
  sign(request, authentication, values) {
    const username = render(authentication.username, values, (value, key) => {
      // RFC 7617, section 2: the first colon ends the user name.
      if (value.includes(':')) throw new RenderError(key, 'must not contain a colon')
      return withoutControls(value, key)
    })
    const password = render(authentication.password, values, withoutControls)
    const credentials = Buffer.from(`${username}:${password}`, 'utf8').toString('base64')
    return { ...request, headers: { ...request.headers, authorization: `Basic ${credentials}` } }
  },
} as const satisfies AuthenticationType<Static<typeof schema>> & { schema: unknown }

/** RFC 7617, section 2. */
function withoutControls(value: string, key: string): string {
  if (/\p{Cc}/u.test(value)) throw new RenderError(key, 'must not contain control characters')
  return value
}
