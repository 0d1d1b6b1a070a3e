import { type Static, Type } from 'typebox'
import { When } from '../exchange/condition.ts'
import { Step } from '../exchange/step.ts'
import { about } from '../http/schema.ts'
import { HeaderTemplates } from './header.ts'
import { QueryTemplates } from './query.ts'
import { type Carried, carry, sessionToken } from './session.ts'
import { JwtAlgorithm, JwtClaims, JwtKeyEncoding, JwtLifetime } from './signed-jwt.ts'
import { signingPlaceholders } from './signing-values.ts'
import { type AuthenticationType, common, strict, Template } from './type.ts'

const { extract, providerMessage, rules } = Step.properties

const schema = Type.Object(
  {
    type: Type.Literal('oauth2'),
    ...common,
    grant: about(
      'How a token is come by: RFC 6749, sections 4.1, 4.4, 4.3 and 6, and RFC 7523, section 2.1.',
      Type.Enum([
        'authorizationCode',
        'clientCredentials',
        'password',
        'jwtBearer',
        'refreshToken',
      ]),
    ),
    tokenUrl: about("The token endpoint; it starts as a step's base does.", Template),
    refreshUrl: Type.Optional(
      about('Where tokens are refreshed; left out: the token URL.', Template),
    ),
    authorizeUrl: Type.Optional(
      about(
        "The vendor's page of consent; it starts as a step's base does, and may end in a plain query.",
        Template,
      ),
    ),
    authorizeParameters: Type.Optional(
      about(
        'More that is sent to it, such as `access_type`, or instead of what the grant sends; what is empty is left out.',
        QueryTemplates,
      ),
    ),
    callbackUrl: Type.Optional(
      about(
        "The entry that holds a caller's own callback, as `{entry}`; the service has one, too.",
        Template,
      ),
    ),
    pkce: Type.Optional(
      about('False where the vendor refuses PKCE (RFC 7636); left out: S256.', Type.Boolean()),
    ),
    codeWithoutState: Type.Optional(
      about(
        "Whether a caller who received the redirect may bring the code without its state, as Cloud Elements' clients do; a consent that such a caller asks for goes without PKCE.",
        Type.Boolean(),
      ),
    ),
    issuer: Type.Optional(
      about(
        'What `iss` in the redirect has to be (RFC 9207); left out: an address at the origin of one of the URLs.',
        Template,
      ),
    ),
    fromRedirect: Type.Optional(
      about(
        'Discovered entries that the redirect tells: by entry, the name of its parameter.',
        Type.Record(Type.String(), Type.String({ minLength: 1, maxLength: 100 }), {
          minProperties: 1,
          maxProperties: 20,
        }),
      ),
    ),
    clientId: Type.Optional(Template),
    clientSecret: Type.Optional(Template),
    clientAuthentication: about(
      '`basic` encodes id and secret as RFC 6749 wants it, `plainBasic` leaves them as they are; `certificate` is that of the member `certificate`.',
      Type.Enum(['basic', 'plainBasic', 'post', 'privateKeyJwt', 'certificate', 'none']),
    ),
    signingKey: Type.Optional(
      about(
        'For assertions: a private key in PEM or as a JWK; for `HS…` a text that both know.',
        Template,
      ),
    ),
    keyEncoding: Type.Optional(JwtKeyEncoding),
    keyId: Type.Optional(Template),
    algorithm: Type.Optional(JwtAlgorithm),
    audience: Type.Optional(about('Whom assertions are for; left out: the token URL.', Template)),
    claims: Type.Optional(
      about(
        'Of the JWT bearer assertion, besides or instead of `iss`, `sub` and `aud`.',
        JwtClaims,
      ),
    ),
    headerClaims: Type.Optional(about('Of assertions: more of the JOSE header.', JwtClaims)),
    lifetimeSeconds: Type.Optional(JwtLifetime),
    username: Type.Optional(Template),
    password: Type.Optional(Template),
    refreshToken: Type.Optional(
      about('The secret entry that brings a refresh token along, as `{entry}`.', Template),
    ),
    scopes: Type.Optional(Type.Array(Template, { minItems: 1, maxItems: 100 })),
    scopeSeparator: Type.Optional(
      about('Left out: a space.', Type.String({ minLength: 1, maxLength: 5 })),
    ),
    parameters: Type.Optional(
      about(
        'More of the token request, such as `audience` or `resource`, or instead of what the grant sends; what is empty is left out.',
        QueryTemplates,
      ),
    ),
    bodyFormat: Type.Optional(
      about('How the token request is written; left out: `form`.', Type.Enum(['form', 'json'])),
    ),
    extract: about(
      'What else the answer tells; `session.token`, `session.refreshToken` and `session.seconds` say where those stand, if not where RFC 6749 has them.',
      extract,
    ),
    expires: Type.Optional(
      about(
        'What `session.seconds` is; left out: seconds. The others but `milliseconds` are a point in time.',
        Type.Enum(['seconds', 'milliseconds', 'unix', 'unixMillis', 'iso']),
      ),
    ),
    seconds: Type.Optional(
      about(
        'How long a token may be used where the vendor does not say.',
        Type.Integer({ minimum: 1, maximum: 31_536_000 }),
      ),
    ),
    tokenType: Type.Optional(
      about('What the vendor calls its tokens; left out: `Bearer`, in any case.', Template),
    ),
    providerMessage,
    rules: Type.Optional(about('For the token request; those of OAuth 2 come after them.', rules)),
    ended: Type.Optional(
      about(
        'Answers that mean that the token is no longer good; left out: status 401.',
        Type.Array(When, { minItems: 1, maxItems: 20 }),
      ),
    ),
    headers: Type.Optional(
      about(
        'What requests carry then; left out: `{ "authorization": "Bearer {session.token}" }`.',
        HeaderTemplates,
      ),
    ),
    query: Type.Optional(QueryTemplates),
  },
  strict,
)

export type OAuth2 = Static<typeof schema>

const bearer = { authorization: `Bearer {${sessionToken}}` }

/** An access token that a token endpoint answers, in the place of credentials (RFC 6749). */
export const oauth2 = {
  schema,
  own: signingPlaceholders,
  seesBody: () => false,
  sign: (request, authentication, values) => carry(request, carriedBy(authentication), values),
} as const satisfies AuthenticationType<OAuth2> & { schema: unknown }

/** What a consent yielded, as values: the code, and what has to be sent along with it. */
export const consentCode = 'consent.code'
export const consentVerifier = 'consent.verifier'
export const consentCallback = 'consent.callbackUrl'

/** How requests carry the token. */
export function carriedBy({ headers, query }: OAuth2): Carried {
  return headers || query ? { headers, query } : { headers: bearer }
}
