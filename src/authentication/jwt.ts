import { type Static, Type } from 'typebox'
import { secretMask } from '../exchange/template.ts'
import { HeaderName, withHeaders } from './header.ts'
import { JwtAlgorithm, JwtClaims, JwtKeyEncoding, JwtLifetime, signJwt } from './signed-jwt.ts'
import { drawOnce, namesBody, signingPlaceholders, signingValues } from './signing-values.ts'
import { type AuthenticationType, common, strict, Template } from './type.ts'

const schema = Type.Object(
  {
    type: Type.Literal('jwt'),
    ...common,
    algorithm: JwtAlgorithm,
    /** A private key in PEM or as a JWK; for `HS…` a text that both sides know. */
    signingKey: Template,
    /** For `HS…`: how the text is written; left out: `utf8`, it is the key itself. */
    keyEncoding: Type.Optional(JwtKeyEncoding),
    keyId: Type.Optional(Template),
    claims: Type.Optional(JwtClaims),
    lifetimeSeconds: Type.Optional(JwtLifetime),
    /** Where it is sent; left out: `authorization`. */
    header: Type.Optional(HeaderName),
    /** Left out: `Bearer ` with its space. */
    prefix: Type.Optional(Type.String({ pattern: '^[\\x20-\\x7e]*$', maxLength: 100 })),
    /** More members of the JOSE header. */
    headerClaims: Type.Optional(JwtClaims),
  },
  strict,
)

type Jwt = Static<typeof schema>

/** A JWT (RFC 7519) that we make and sign for each request, in the place of an access token. */
export const jwt = {
  schema,
  own: signingPlaceholders,
  seesBody: ({ claims, headerClaims }) => namesBody([claims, headerClaims]),
  async sign(request, authentication, values) {
    const once = drawOnce()
    const { claims, headerClaims } = authentication
    const all = signingValues([claims, headerClaims], values, request, once)
    return place(request, authentication, await signJwt(authentication, all, once.time))
  },
  mask: (request, authentication) => place(request, authentication, secretMask),
} as const satisfies AuthenticationType<Jwt> & { schema: unknown }

function place(request: Parameters<typeof withHeaders>[0], { header, prefix }: Jwt, token: string) {
  return withHeaders(request, [[header ?? 'authorization', `${prefix ?? 'Bearer '}${token}`]])
}
