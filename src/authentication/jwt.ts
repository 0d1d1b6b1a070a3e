import type { KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import { type Static, Type } from 'typebox'
import type { Values } from '../exchange/request.ts'
import { escapes, RenderError, render, renderJson, secretMask } from '../exchange/template.ts'
import { entryIn } from './entry-in.ts'
import { HeaderName, withHeaders } from './header.ts'
import { type KeyKind, readPrivateKey } from './private-key.ts'
import { drawOnce, namesBody, signingPlaceholders, signingValues } from './signing-values.ts'
import { type AuthenticationType, common, strict, Template } from './type.ts'

const keyKinds = {
  HS256: 'secret',
  HS384: 'secret',
  HS512: 'secret',
  RS256: 'rsa',
  RS384: 'rsa',
  RS512: 'rsa',
  PS256: 'rsa',
  PS384: 'rsa',
  PS512: 'rsa',
  ES256: 'P-256',
  ES384: 'P-384',
  EdDSA: 'ed25519',
} as const satisfies Record<string, KeyKind | 'secret'>

const algorithms = Object.keys(keyKinds) as (keyof typeof keyKinds)[]

/** JSON whose texts are templates. */
const Claims = Type.Record(Type.String(), Type.Unknown(), { maxProperties: 50 })

const schema = Type.Object(
  {
    type: Type.Literal('jwt'),
    ...common,
    algorithm: Type.Enum(algorithms),
    /** A private key in PEM or as a JWK; for `HS…` a text that both sides know. */
    key: Template,
    /** For `HS…`: how the text is written; left out: `utf8`, it is the key itself. */
    keyEncoding: Type.Optional(Type.Enum(['utf8', 'base64'])),
    keyId: Type.Optional(Template),
    claims: Type.Optional(Claims),
    /** From `iat` to `exp`; 300 where left out. */
    lifetimeSeconds: Type.Optional(Type.Integer({ minimum: 60, maximum: 3600 })),
    /** Where it is sent; left out: `authorization`. */
    header: Type.Optional(HeaderName),
    /** Left out: `Bearer ` with its space. */
    prefix: Type.Optional(Type.String({ pattern: '^[\\x20-\\x7e]*$', maxLength: 100 })),
    /** More members of the JOSE header. */
    headerClaims: Type.Optional(Claims),
  },
  strict,
)

type Jwt = Static<typeof schema>

/** The vendor's clock may be behind ours. */
const skewSeconds = 30

/** A JWT (RFC 7519) that we make and sign for each request, in the place of an access token. */
export const jwt = {
  schema,
  own: signingPlaceholders,
  seesBody: ({ claims, headerClaims }) => namesBody([claims, headerClaims]),
  async sign(request, authentication, values) {
    const { algorithm, claims = {}, headerClaims = {}, lifetimeSeconds = 300 } = authentication
    const key = readKey(authentication, values)
    const once = drawOnce()
    const all = signingValues([claims, headerClaims], values, request, once)
    const keyId = render(authentication.keyId ?? '', values, escapes.text)
    const issuedAt = Math.floor(once.time.getTime() / 1000) - skewSeconds
    const token = await new SignJWT(renderMembers(claims, all))
      .setProtectedHeader({
        typ: 'JWT',
        ...renderMembers(headerClaims, all),
        ...(keyId && { kid: keyId }),
        alg: algorithm,
      })
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + lifetimeSeconds)
      .sign(key)
    return place(request, authentication, token)
  },
  mask: (request, authentication) => place(request, authentication, secretMask),
} as const satisfies AuthenticationType<Jwt> & { schema: unknown }

function place(request: Parameters<typeof withHeaders>[0], { header, prefix }: Jwt, token: string) {
  return withHeaders(request, [[header ?? 'authorization', `${prefix ?? 'Bearer '}${token}`]])
}

function renderMembers(members: Record<string, unknown>, values: Values): Record<string, unknown> {
  return renderJson(members, values) as Record<string, unknown>
}

function readKey({ algorithm, key, keyEncoding }: Jwt, values: Values): KeyObject | Uint8Array {
  const text = render(key, values, escapes.text)
  const kind = keyKinds[algorithm]
  if (kind !== 'secret') return readPrivateKey(text, kind, entryIn(key))
  if (text === '') throw new RenderError(entryIn(key), 'is needed')
  if (keyEncoding === 'base64' && !/^[\w+/-]+={0,2}$/.test(text)) {
    throw new RenderError(entryIn(key), 'is not in base64')
  }
  return Buffer.from(text, keyEncoding ?? 'utf8')
}
