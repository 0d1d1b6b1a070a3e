import { createHmac } from 'node:crypto'
import { type Static, Type } from 'typebox'
import type { Values, VendorRequest } from '../exchange/request.ts'
import {
  escapes,
  placeholdersIn,
  RenderError,
  render,
  renderAll,
  secretMask,
} from '../exchange/template.ts'
import { entryIn } from './entry-in.ts'
import { HeaderTemplates, withHeaders } from './header.ts'
import { QueryTemplates, withQuery } from './query.ts'
import {
  drawMasked,
  drawOnce,
  namesBody,
  type Once,
  signingPlaceholders,
  signingValues,
} from './signing-values.ts'
import { type AuthenticationType, common, strict } from './type.ts'

const wholeBody = '{request.body}'

/** What the signature is made with cannot hold it. */
const Unsigned = Type.String({
  pattern: '^(?![\\s\\S]*\\{signature[|}])',
  minLength: 1,
  maxLength: 8192,
})

const schema = Type.Object(
  {
    type: Type.Literal('hmac'),
    ...common,
    algorithm: Type.Enum(['sha1', 'sha256', 'sha384', 'sha512']),
    secret: Unsigned,
    /** How the secret is written; left out: `utf8`, it is its own text. */
    secretEncoding: Type.Optional(Type.Enum(['utf8', 'base64', 'hex'])),
    /** What is signed: the request as it is sent, but for what holds `{signature}`. */
    message: Unsigned,
    encoding: Type.Enum(['hex', 'base64', 'base64url']),
    headers: Type.Optional(HeaderTemplates),
    query: Type.Optional(QueryTemplates),
  },
  strict,
)

type Hmac = Static<typeof schema>

/** A signature (RFC 2104) of a message that a template makes of the request and the moment. */
export const hmac = {
  schema,
  own: [...signingPlaceholders, 'signature'],
  seesBody: ({ secret, message, headers, query }) => namesBody([secret, message, headers, query]),
  sign: (request, authentication, values) =>
    place(request, authentication, values, drawOnce(), (all) =>
      signatureOf(authentication, all, request),
    ),
  mask: (request, authentication, values) =>
    place(request, authentication, values, drawMasked(), () => secretMask),
} as const satisfies AuthenticationType<Hmac> & { schema: unknown }

/** Puts first what the signature covers, then what holds it. */
function place(
  request: VendorRequest,
  authentication: Hmac,
  values: Values,
  once: Once,
  signatureFrom: (values: Values) => string,
): VendorRequest {
  const { secret, message, headers = {}, query = {} } = authentication
  const add = (to: VendorRequest, all: Values, signed: boolean) => {
    const parameters = renderAll(only(query, signed), all, escapes.query)
    const withParameters = withQuery(to, parameters)
    return withHeaders(withParameters, renderAll(only(headers, signed), all, escapes.header))
  }
  const before = signingValues([headers, query], values, request, once)
  const unsigned = add(request, before, false)
  // The body itself is signed as it is, text or not.
  const rest = message.replaceAll(wholeBody, '')
  const all = signingValues([secret, rest, headers, query], values, unsigned, once)
  return add(unsigned, all.set('signature', signatureFrom(all)), true)
}

/** The templates that hold the signature, or those that do not. */
function only(templates: Record<string, string>, signed: boolean): Record<string, string> {
  const chosen = Object.entries(templates).filter(
    ([, template]) => placeholdersIn(template).includes('signature') === signed,
  )
  return Object.fromEntries(chosen)
}

function signatureOf(authentication: Hmac, values: Values, { body = '' }: VendorRequest): string {
  const { algorithm, secret, message, encoding } = authentication
  const text = render(secret, values, escapes.text)
  const hmac = createHmac(algorithm, decode(text, authentication))
  message.split(wholeBody).forEach((part, at) => {
    if (at > 0) hmac.update(body)
    hmac.update(render(part, values, escapes.text))
  })
  return hmac.digest(encoding)
}

function decode(secret: string, authentication: Hmac): Buffer {
  const encoding = authentication.secretEncoding ?? 'utf8'
  const pattern = { utf8: /^/, hex: /^(?:[0-9a-f]{2})*$/i, base64: /^[\w+/-]*={0,2}$/ }[encoding]
  if (!pattern.test(secret)) {
    throw new RenderError(entryIn(authentication.secret), `is not in ${encoding}`)
  }
  return Buffer.from(secret, encoding)
}
