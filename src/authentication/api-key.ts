import { type Static, Type } from 'typebox'
import { escapes, render } from '../exchange/template.ts'
import { HeaderName, withHeaders } from './header.ts'
import { withQuery } from './query.ts'
import { type AuthenticationType, common, strict, Template } from './type.ts'

const schema = Type.Object(
  {
    type: Type.Literal('apiKey'),
    ...common,
    in: Type.Enum(['header', 'query', 'cookie']),
    /** The name of the header, parameter or cookie. */
    parameter: HeaderName,
    /** With what the vendor wants around the key: `Token token={key}`. */
    value: Template,
  },
  strict,
)

/** A key in one header, query parameter or cookie. */
export const apiKey = {
  schema,
  seesBody: () => false,
  sign(request, { in: place, parameter, value }, values) {
    const written = render(value, values, escapes[place])
    if (place === 'query') return withQuery(request, [[parameter, written]])
    if (place === 'header') return withHeaders(request, [[parameter, written]])
    const { cookie } = request.headers
    const pair = `${parameter}=${written}`
    return withHeaders(request, [['cookie', cookie === undefined ? pair : `${cookie}; ${pair}`]])
  },
} as const satisfies AuthenticationType<Static<typeof schema>> & { schema: unknown }
