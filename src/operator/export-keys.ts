import type { Context } from '../context.ts'
import { transaction } from '../database/database.ts'
import {
  allowExportKey,
  type ExportKey,
  forbidExportKey,
  listExportKeys,
  thumbprintOf,
} from '../transfer/export-keys.ts'
import type { ExportKeyRequest } from './export-key-schema.ts'
import { erasing, type OperatorDeed, requireFound } from './organizations.ts'
import { findOrganization, lockOrganization } from './store.ts'

type Needs = Pick<Context, 'db'>

/**
 * Lets instances of an organization leave for a key.
 * @throws {Refusal} `organization-not-found`, `organization-erasing`, `public-key-unfit`
 */
export async function allowKey(
  { db }: Needs,
  { id: organizationId, kid: announced }: { id: number; kid: string },
  { publicKey, lifetimeSeconds }: ExportKeyRequest,
  deed: OperatorDeed,
): Promise<ExportKey> {
  const kid = await thumbprintOf(publicKey, announced)
  return transaction(db, async (tx) => {
    const found = requireFound(organizationId, await lockOrganization(tx, organizationId))
    if (found.erasingSince) throw erasing()
    const given = { kid, ...(lifetimeSeconds !== undefined && { lifetimeSeconds }) }
    return allowExportKey(tx, { organizationId, ...deed }, given)
  })
}

/** @throws {Refusal} `organization-not-found` */
export async function listKeys({ db }: Needs, id: number): Promise<ExportKey[]> {
  requireFound(id, await findOrganization(db, id))
  return listExportKeys(db, id)
}

/** @throws {Refusal} `organization-not-found`, `export-key-not-found` */
export async function forbidKey(
  { db }: Needs,
  { id: organizationId, kid }: { id: number; kid: string },
  deed: OperatorDeed,
): Promise<void> {
  await transaction(db, async (tx) => {
    requireFound(organizationId, await lockOrganization(tx, organizationId))
    await forbidExportKey(tx, { organizationId, ...deed }, kid)
  })
}
