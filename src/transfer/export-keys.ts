import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import type { Db } from '../database/database.ts'
import { Refusal } from '../http/errors.ts'
import {
  deleteExportKey,
  type ExportKeyRecord,
  findExportKeys,
  hasExportKey,
  putExportKey,
} from './export-key-store.ts'
import { readPublicKey } from './sealing.ts'

/** For how long a key is allowed where nobody says: as long as an import key is good. */
export const defaultTrustSeconds = 3600

/** A key for which instances of an organization may leave, as its operator sees it. */
export interface ExportKey {
  kid: string
  createdDate: string
  expiresAt: string
}

/**
 * The thumbprint of a public key, computed from the key.
 * @throws {Refusal} `public-key-unfit`, also where it was announced under another one
 */
export async function thumbprintOf(
  publicKey: Record<string, unknown>,
  announced: string,
): Promise<string> {
  const { kid } = await readPublicKey(publicKey)
  if (kid === announced) return kid
  throw new Refusal(
    'public-key-unfit',
    `The thumbprint of this key is ${kid}, and not the one in the path. Compare it with what the other installation answered POST /imports/keys.`,
  )
}

/** Lets instances of the organization leave, sealed for this key alone, until its time is over. */
export async function allowExportKey(
  db: Db,
  deed: Deed,
  { kid, lifetimeSeconds = defaultTrustSeconds }: { kid: string; lifetimeSeconds?: number },
): Promise<ExportKey> {
  const key = await putExportKey(db, { ...deed, kid }, lifetimeSeconds)
  await insertAuditEntry(db, deed, 'export-key.allowed', { detail: { kid, lifetimeSeconds } })
  return show(key)
}

export async function listExportKeys(db: Db, organizationId: number): Promise<ExportKey[]> {
  return (await findExportKeys(db, organizationId)).map(show)
}

/**
 * From now on nothing more leaves for it.
 * @throws {Refusal} `export-key-not-found`
 */
export async function forbidExportKey(db: Db, deed: Deed, kid: string): Promise<void> {
  if (!(await deleteExportKey(db, { ...deed, kid }))) {
    throw new Refusal(
      'export-key-not-found',
      `Nothing of the organization ${deed.organizationId} may leave for a key with the thumbprint ${kid}.`,
    )
  }
  await insertAuditEntry(db, deed, 'export-key.forbidden', { detail: { kid } })
}

/**
 * That the operator lets instances of the organization leave for this key: whoever holds an instance
 * may use its secrets and not read them, so that it is not theirs to say for whom they are sealed.
 * @throws {Refusal} `export-key-untrusted`
 */
export async function requireAllowed(db: Db, organizationId: number, kid: string): Promise<void> {
  if (await hasExportKey(db, { organizationId, kid })) return
  throw new Refusal(
    'export-key-untrusted',
    `Nothing of your organization may leave for the key with the thumbprint ${kid}. Send the public key to whoever runs this installation: they allow it with PUT /operator/organizations/${organizationId}/export-keys/${kid}, or with "npm run organization -- allow-export". Then export again.`,
  )
}

function show({ kid, createdAt, expiresAt }: ExportKeyRecord): ExportKey {
  return { kid, createdDate: createdAt.toISOString(), expiresAt: expiresAt.toISOString() }
}
