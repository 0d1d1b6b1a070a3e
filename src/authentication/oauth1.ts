import { type Static, Type } from 'typebox'
import { Step } from '../exchange/step.ts'
import { about } from '../http/schema.ts'
import { maskOAuth1, type Proof, signOAuth1 } from './oauth1-request.ts'
import { isForm, signatureMethods } from './oauth1-signature.ts'
import { QueryTemplates } from './query.ts'
import { sessionToken, sessionTokenSecret } from './session.ts'
import { type AuthenticationType, common, strict, Template } from './type.ts'

const { extract, providerMessage, rules } = Step.properties

const schema = Type.Object(
  {
    type: Type.Literal('oauth1'),
    ...common,
    consumerKey: Template,
    consumerSecret: Template,
    token: Type.Optional(
      about("Brought along; left out: that of somebody's consent, `{session.token}`.", Template),
    ),
    tokenSecret: Type.Optional(
      about('That of the token; left out: `{session.tokenSecret}`.', Template),
    ),
    signatureMethod: Type.Optional(about('Left out: HMAC-SHA1.', Type.Enum([...signatureMethods]))),
    realm: Type.Optional(about('What renders to nothing is left out.', Template)),
    in: Type.Optional(
      about(
        'Where the parameters of OAuth stand; left out: `header`.',
        Type.Enum(['header', 'query']),
      ),
    ),
    requestTokenUrl: Type.Optional(
      about("Where a consent begins; it starts as a step's base does.", Template),
    ),
    authorizeUrl: Type.Optional(
      about("The vendor's page of consent; it starts as a step's base does.", Template),
    ),
    accessTokenUrl: Type.Optional(
      about("Where a consent is exchanged for a token; it starts as a step's base does.", Template),
    ),
    tokenMethod: Type.Optional(
      about('How tokens are asked for; left out: POST.', Type.Enum(['POST', 'GET'])),
    ),
    parameters: Type.Optional(
      about(
        'More that is sent for a request token, such as `scope`; what is empty is left out.',
        QueryTemplates,
      ),
    ),
    authorizeParameters: Type.Optional(
      about('More that is sent to the page of consent; what is empty is left out.', QueryTemplates),
    ),
    callbackUrl: Type.Optional(
      about(
        "The entry that holds a caller's own callback, as `{entry}`; the service has one, too.",
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
    extract: about(
      'What else the answer with the token tells; `session.token`, `session.tokenSecret` and `session.seconds` say where those stand, if not where RFC 5849 has them.',
      extract,
    ),
    providerMessage,
    rules: Type.Optional(
      about('For both token requests; those of OAuth 1 come after them.', rules),
    ),
  },
  strict,
)

export type OAuth1 = Static<typeof schema>

/** OAuth 1.0a (RFC 5849), with HMAC-SHA1 or HMAC-SHA256. */
export const oauth1 = {
  schema,
  // The fields of a form are signed.
  seesBody: (_, headers) => headers === undefined || isForm(headers),
  sign: (request, authentication, values) =>
    signOAuth1(request, authentication, values, tokenOf(authentication)),
  mask: (request, authentication, values) =>
    maskOAuth1(request, authentication, values, tokenOf(authentication)),
} as const satisfies AuthenticationType<OAuth1> & { schema: unknown }

function tokenOf({ token, tokenSecret }: OAuth1): Proof {
  return {
    token: token ?? `{${sessionToken}}`,
    tokenSecret: tokenSecret ?? `{${sessionTokenSecret}}`,
  }
}
