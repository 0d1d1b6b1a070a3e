import type { Context } from '../context.ts'
import type { Db } from '../database/database.ts'
import type { Sealer, SecretPlace } from '../vault/vault.ts'
import { insertSigningSecret, type SealedVersion } from './secrets-store.ts'
import { createSigningSecret } from './signature.ts'

/** The entry of a signing secret among the secrets of its webhook. */
export const signingEntry = 'signing'

export interface SigningKey {
  organizationId: number
  id: number
  url: string
}

/**
 * Makes a version of the signing secret, which belongs to the origin of the URL alone.
 * @param seal of the organization, asked for before the transaction that `db` is
 */
export async function giveSigningSecret(
  db: Pick<Db, 'kysely'>,
  seal: Sealer,
  webhook: SigningKey,
  secretVersion: number,
): Promise<string> {
  const { organizationId, ...place } = placeOf(webhook, secretVersion)
  const secret = createSigningSecret()
  const origins = [...place.origins]
  await insertSigningSecret(db, { organizationId, ...place, origins, ...seal(place, secret) })
  return secret
}

/**
 * Those that sign by now, the newest first.
 * @throws {Refusal} `secrets-required` where they were not made for the origin that it has now
 */
export async function openSigningSecrets(
  { vault }: Pick<Context, 'vault'>,
  webhook: SigningKey,
  versions: readonly SealedVersion[],
): Promise<[string, ...string[]]> {
  const { origin } = new URL(webhook.url)
  const opened = versions.map(({ secretVersion, origins, sealed }) =>
    vault.open({ ...placeOf(webhook, secretVersion), origins }, sealed, origin),
  )
  const [newest, ...older] = await Promise.all(opened)
  if (newest === undefined) throw new Error(`webhook ${webhook.id} has no signing secret`)
  return [newest, ...older]
}

function placeOf({ organizationId, id, url }: SigningKey, secretVersion: number): SecretPlace {
  const origins = [new URL(url).origin]
  return { organizationId, owner: `webhook/${id}`, entry: signingEntry, secretVersion, origins }
}
