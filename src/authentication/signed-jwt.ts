import type { KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import { Type } from 'typebox'
import type { Values } from '../exchange/request.ts'
import { escapes, RenderError, render, renderJson } from '../exchange/template.ts'
import { entryIn } from './entry-in.ts'
import { type KeyKind, readPrivateKey } from './private-key.ts'

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

export type JwtAlgorithm = keyof typeof keyKinds

export const JwtAlgorithm = Type.Enum(Object.keys(keyKinds) as JwtAlgorithm[])
export const JwtKeyEncoding = Type.Enum(['utf8', 'base64'])
/** From `iat` to `exp`. */
export const JwtLifetime = Type.Integer({ minimum: 60, maximum: 3600 })
/** JSON whose texts are templates. Headers that change how a JWT is signed (RFC 7797) are not ours to make. */
export const JwtClaims = Type.Record(
  Type.String({ pattern: '^(?!(?:crit|b64)$)' }),
  Type.Unknown(),
  {
    maxProperties: 50,
    additionalProperties: false,
  },
)

/** What a JWT is made of. */
export interface JwtRecipe {
  algorithm: JwtAlgorithm
  signingKey: string
  keyEncoding?: 'utf8' | 'base64'
  keyId?: string
  claims?: Record<string, unknown>
  headerClaims?: Record<string, unknown>
  /** 300 where left out. */
  lifetimeSeconds?: number
}

/** The vendor's clock may be behind ours. */
const skewSeconds = 30

/**
 * A JWT (RFC 7519) of this moment.
 * @throws {RenderError} for a key that is none for the algorithm
 */
export async function signJwt(recipe: JwtRecipe, values: Values, time: Date): Promise<string> {
  const { algorithm, claims = {}, headerClaims = {}, lifetimeSeconds = 300 } = recipe
  const key = readKey(recipe, values)
  const keyId = render(recipe.keyId ?? '', values, escapes.text)
  const issuedAt = Math.floor(time.getTime() / 1000) - skewSeconds
  return new SignJWT(renderMembers(claims, values))
    .setProtectedHeader({
      typ: 'JWT',
      ...renderMembers(headerClaims, values),
      ...(keyId && { kid: keyId }),
      alg: algorithm,
    })
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + lifetimeSeconds)
    .sign(key)
}

function renderMembers(members: Record<string, unknown>, values: Values): Record<string, unknown> {
  return renderJson(members, values) as Record<string, unknown>
}

function readKey(
  { algorithm, signingKey, keyEncoding }: JwtRecipe,
  values: Values,
): KeyObject | Uint8Array {
  const text = render(signingKey, values, escapes.text)
  const kind = keyKinds[algorithm]
  if (kind !== 'secret') return readPrivateKey(text, kind, entryIn(signingKey))
  if (text === '') throw new RenderError(entryIn(signingKey), 'is needed')
  if (keyEncoding === 'base64' && !/^[\w+/-]+={0,2}$/.test(text)) {
    throw new RenderError(entryIn(signingKey), 'is not in base64')
  }
  return Buffer.from(text, keyEncoding ?? 'utf8')
}
