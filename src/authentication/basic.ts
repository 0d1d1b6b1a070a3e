import { Type } from 'typebox'
import type { Values, VendorRequest } from './request.ts'
import { RenderError, render } from './template.ts'

const schema = Type.Object(
  {
    type: Type.Literal('basic'),
    name: Type.String(),
    username: Type.String(),
    password: Type.String(),
  },
  { additionalProperties: false },
)

/** HTTP Basic authentication (RFC 7617), in UTF-8. */
export const basic = {
  schema,
  sign(
    request: VendorRequest,
    authentication: { username: string; password: string },
    values: Values,
  ): VendorRequest {
    const username = render(authentication.username, values, (value, key) => {
      // RFC 7617, section 2: the first colon ends the user name.
      if (value.includes(':')) throw new RenderError(key, 'must not contain a colon')
      return withoutControls(value, key)
    })
    const password = render(authentication.password, values, withoutControls)
    const credentials = Buffer.from(`${username}:${password}`, 'utf8').toString('base64')
    return { ...request, headers: { ...request.headers, authorization: `Basic ${credentials}` } }
  },
}

/** RFC 7617, section 2. */
function withoutControls(value: string, key: string): string {
  if (/\p{Cc}/u.test(value)) throw new RenderError(key, 'must not contain control characters')
  return value
}
