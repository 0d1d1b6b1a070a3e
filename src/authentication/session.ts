import { type Static, Type } from 'typebox'
import { When } from '../exchange/condition.ts'
import type { Values, VendorRequest } from '../exchange/request.ts'
import { Step } from '../exchange/step.ts'
import { escapes, render, renderAll } from '../exchange/template.ts'
import { about } from '../http/schema.ts'
import { textIn } from './body-text.ts'
import { insertIntoHeader } from './envelope.ts'
import { withHeaders } from './header.ts'
import { withQuery } from './query.ts'
import { type AuthenticationType, common, strict, Template, Templates } from './type.ts'

const schema = Type.Object(
  {
    type: Type.Literal('session'),
    ...common,
    /**
     * What is sent with the credentials. Its `extract` takes `session.…` values from the answer; the
     * cookies that it sets are `session.cookies`, and `session.seconds`, where it is extracted, is
     * how long the session lives.
     */
    login: Step,
    headers: Type.Optional(
      about(
        'What requests carry then, such as `{ "authorization": "Bearer {session.token}" }`.',
        Templates,
      ),
    ),
    query: Type.Optional(Templates),
    soapHeader: Type.Optional(
      about("An XML fragment for SOAP: it becomes the envelope's header.", Template),
    ),
    seconds: Type.Optional(
      about(
        'How long a session may be used; without it, until the vendor says that it has ended.',
        Type.Integer({ minimum: 1, maximum: 31_536_000 }),
      ),
    ),
    ended: Type.Optional(
      about(
        'Answers that mean that the session has ended; left out: status 401.',
        Type.Array(When, { minItems: 1, maxItems: 20 }),
      ),
    ),
  },
  strict,
)

export type SessionAuthentication = Static<typeof schema>

export const sessionCookies = 'session.cookies'
export const sessionSeconds = 'session.seconds'
export const sessionToken = 'session.token'
export const sessionTokenSecret = 'session.tokenSecret'
export const sessionRefreshToken = 'session.refreshToken'
export const sessionTokenType = 'session.tokenType'
export const sessionScope = 'session.scope'

/** What a session is known by, and not opened by. */
const open = new Set([sessionSeconds, sessionTokenType, sessionScope])

/** Whether a value is one that a login yielded, and that nobody else may see. */
/** What is shorter opens nothing, and would be found in innocent words. */
const shortestCookie = 8

/** The values of cookies as they are sent back, each of which may open the session. */
export function valuesOf(cookies: string): string[] {
  return cookies
    .split('; ')
    .map((cookie) => cookie.slice(cookie.indexOf('=') + 1))
    .filter((value) => value.length >= shortestCookie)
}

export function isSecretOfSession(key: string): boolean {
  return key.startsWith('session.') && !open.has(key)
}

/** What requests carry of a session, as templates. */
export type Carried = Pick<SessionAuthentication, 'headers' | 'query'>

/**
 * The request with what a session puts into headers and query.
 * @throws {RenderError} for a value that cannot stand there
 */
export function carry(
  request: VendorRequest,
  { headers = {}, query = {} }: Carried,
  values: Values,
): VendorRequest {
  return withQuery(
    withHeaders(request, renderAll(headers, values, escapes.header)),
    renderAll(query, values, escapes.query),
  )
}

/** What a login's answer yields, a token or cookies, in the place of credentials. */
export const session = {
  schema,
  seesBody: ({ soapHeader }) => soapHeader !== undefined,
  sign(request, authentication, values) {
    const { soapHeader } = authentication
    const signed = carry(request, authentication, values)
    const cookies = values.get(sessionCookies)
    const before = signed.headers.cookie
    const all = [before, cookies].filter((one) => one !== undefined).join('; ')
    const carrying = cookies ? withHeaders(signed, [['cookie', all]]) : signed
    if (!soapHeader) return carrying
    const fragment = render(soapHeader, values, escapes.xml)
    return { ...carrying, body: insertIntoHeader(textIn(carrying), fragment) }
  },
} as const satisfies AuthenticationType<SessionAuthentication> & { schema: unknown }
