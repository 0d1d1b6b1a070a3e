import { hash } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { Id, Model, NullableString, OneOf, storable } from '../http/schema.ts'
import { members, type Settings } from '../instances/schema.ts'
import { canonicalJson } from './canonical.ts'

/** Of what is written now; others are refused by their number. */
export const format = 1

const known = { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }
const Key = Type.String({ minLength: 1, maxLength: 255, pattern: storable })
const Origins = Type.Array(Type.String({ maxLength: 300, pattern: storable }), {
  maxItems: 100,
  description: 'Where it may be sent, here as well as there',
})
const SealedEntry = Type.Object({ entry: Key, origins: Origins })
const NamedCertificate = Type.Object({
  entry: Key,
  name: Key,
  fingerprint: Key,
  origins: Origins,
})
const LeftApp = Type.Object(
  {
    id: Id('There', known),
    name: Type.String({ maxLength: 4096 }),
    clientId: Type.String({ maxLength: 16_384 }),
  },
  { description: 'The app profile that it uses; it does not come along' },
)

export const Manifest = Type.Object(
  {
    format: Type.Integer({ description: 'Of this manifest: 1' }),
    source: Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' }),
    sourceId: Id('The instance where it comes from', known),
    name: members.name,
    tags: members.tags,
    element: Type.Object({ key: Key, version: Key }),
    authentication: Type.Object({ type: Key }),
    externalAuthentication: OneOf(['none', 'initial']),
    oauthApp: Type.Optional(LeftApp),
    configuration: members.configuration,
    told: Type.Record(Type.String(), Type.String({ maxLength: 16_384 }), {
      description: 'What its vendor told, by entry',
      maxProperties: 200,
    }),
    settings: Model<Settings>('Settings'),
    externalId: NullableString({ minLength: 1, maxLength: 255 }),
    state: Type.String({ maxLength: 255 }),
    disabled: Type.Boolean(),
    tokens: OneOf(['none', 'left', 'moved'], {
      description: 'Whether what somebody consented to at the vendor came along',
    }),
    secrets: Type.Array(SealedEntry, { maxItems: 250, description: 'What is sealed' }),
    certificates: Type.Array(NamedCertificate, {
      maxItems: 50,
      description: 'Those that it names; sealed as well',
    }),
    warnings: Type.Array(Type.Object({ key: Key, message: Type.String() }), {
      maxItems: 250,
      description: 'What did not come along',
    }),
  },
  {
    $id: 'InstanceManifest',
    additionalProperties: false,
    description: 'All that is told of an exported instance in clear',
  },
)
export type Manifest = Static<typeof Manifest>

/** A line of an export. */
export const ExportedInstance = Type.Object(
  {
    manifest: Model<Manifest>('InstanceManifest'),
    secrets: Type.String({
      maxLength: 2 ** 21,
      description:
        'Its secrets as a compact JWE (RFC 7516) for the public key, bound to the manifest',
    }),
  },
  { $id: 'ExportedInstance', description: 'An instance as it leaves for another installation' },
)
export type ExportedInstance = Static<typeof ExportedInstance>

/** What is sealed beside a manifest. */
export const SealedSecrets = Type.Object({
  entries: Type.Record(Type.String(), Type.String()),
  certificates: Type.Record(
    Type.String(),
    Type.Object({ certificate: Type.String(), key: Type.String() }),
  ),
})
export type SealedSecrets = Static<typeof SealedSecrets>

/** What is sealed of a consent, as JSON in the place of a text. */
export const SealedTokens = Type.Object({
  accessToken: Type.String(),
  tokenSecret: Type.Optional(Type.String()),
  refreshToken: NullableString(),
  tokenType: NullableString(),
  expiresAt: NullableString(),
  scope: NullableString(),
})

/** What is sealed of a certificate that came with the configuration, likewise. */
export const SealedFile = Type.Object({ certificate: Type.String(), key: Type.String() })

/** SHA-256 over the one spelling of a manifest (RFC 8785), in base64url. */
export function digestOf(manifest: Manifest): string {
  return hash('sha256', canonicalJson(manifest), 'base64url')
}
