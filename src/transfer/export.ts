import type { Principal } from '../access/store.ts'
import { insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { authenticationOf, readStored } from '../instances/connection.ts'
import type { StoredRow } from '../instances/connection-store.ts'
import { instanceNotFound } from '../instances/find.ts'
import { describeApp } from '../oauth/app-describe.ts'
import { requireAllowed } from './export-keys.ts'
import { openAll, soleSecrets, sortConfiguration, sortSettings } from './export-parts.ts'
import { type ExportedInstance, format, type Manifest } from './manifest.ts'
import { findSource, moveInstance } from './move-store.ts'
import { type SealingKey, sealSecrets } from './sealing.ts'

export interface ExportAsked {
  principal: Principal
  requestId: string
  address: string
  publicKey: SealingKey
  /** Whether what can be used in one place alone goes along. */
  moves: boolean
}

type Needs = Pick<Context, 'db' | 'vault' | 'elements' | 'listener'>

/** Seconds; a refresh is over by then. */
const retryAfter = 5

/**
 * Makes of an own instance what another installation takes over, and tells the audit. Where its
 * tokens go along, it is disabled and they are barred here before anything leaves.
 * @throws {Refusal} `instance-not-found`; `instance-busy` while its tokens are being refreshed;
 *   `role-insufficient` for what is somebody else's; `export-key-untrusted`
 */
export async function exportInstance(
  context: Needs,
  asked: ExportAsked,
  id: number,
): Promise<ExportedInstance> {
  const { principal, publicKey } = asked
  // An export may take long: what the operator allowed when it began may be over.
  await requireAllowed(context.db, principal.organizationId, publicKey.kid)
  const before = await findOwn(context, principal, id)
  const leaving = await readLeaving(context, principal, before)
  const { sole } = leaving
  if (!asked.moves || sole.length === 0) {
    await tell(context, asked, id)
    const tokens = sole.length > 0 ? 'left' : 'none'
    return seal(context, publicKey, leaving, { tokens, disabled: before.disabled })
  }
  // Whatever would keep it from leaving has done so by now.
  const disabled = await move(context, asked, id)
  // The answer has begun: nothing else waits until nobody uses the tokens here any more.
  await context.listener.passFence()
  const moved = await readLeaving(context, principal, await findOwn(context, principal, id))
  const { state } = before
  return seal(context, publicKey, moved, { tokens: 'moved', disabled, state })
}

/** All that is stored of an instance, sorted by how it leaves. */
async function readLeaving(context: Needs, principal: Principal, row: StoredRow) {
  const { organizationId, elementId, elementVersion, oauthAppId } = row
  const element = await context.elements.versionOf(organizationId, elementId, elementVersion)
  return {
    row,
    element,
    sole: soleSecrets(row, authenticationOf(element, row)),
    ...(await sortConfiguration(context, principal, row, element)),
    ...sortSettings(row),
    oauthApp:
      oauthAppId === null ? undefined : await describeApp(context, organizationId, oauthAppId),
    source: await findSource(context.db, organizationId),
  }
}

async function seal(
  context: Needs,
  publicKey: SealingKey,
  leaving: Awaited<ReturnType<typeof readLeaving>>,
  stated: Pick<Manifest, 'tokens' | 'disabled'> & Partial<Pick<Manifest, 'state'>>,
): Promise<ExportedInstance> {
  const { row, element, sole, plain, told, certificates, oauthApp } = leaving
  const stays = stated.tokens === 'moved' ? [] : sole
  const { listed, entries } = await openAll(context, row, stays)
  const manifest: Manifest = {
    format,
    source: leaving.source,
    sourceId: row.id,
    name: row.name,
    tags: row.tags,
    element: { key: element.key, version: row.elementVersion },
    authentication: { type: row.authenticationType },
    externalAuthentication: row.externalAuthentication as Manifest['externalAuthentication'],
    ...(oauthApp && { oauthApp }),
    configuration: plain,
    told,
    settings: leaving.settings,
    externalId: row.externalId,
    state: row.state,
    ...stated,
    secrets: listed,
    certificates: certificates.listed,
    warnings: leaving.warnings,
  }
  const secrets = { entries, certificates: certificates.sealed }
  return { manifest, secrets: await sealSecrets(publicKey, manifest, secrets) }
}

async function findOwn(
  context: Pick<Context, 'db'>,
  { organizationId, user }: Principal,
  id: number,
): Promise<StoredRow> {
  const row = await readStored(context, { organizationId, id })
  if (row?.userId !== user.id) throw instanceNotFound(id)
  return row
}

/** Whether somebody had disabled it before. */
async function move({ db }: Pick<Context, 'db'>, asked: ExportAsked, id: number): Promise<boolean> {
  const { organizationId } = asked.principal
  const day = new Date().toISOString().slice(0, 10)
  const reason = `Exported on ${day} together with its tokens, which another installation refreshes since then. To use it here as well, connect it anew and enable it.`
  const detail = { kid: asked.publicKey.kid }
  const moved = await moveInstance(db, { organizationId, id }, reason, deedOf(asked), detail)
  if (moved) return moved.disabled
  throw new Refusal('instance-busy', {
    message: `The tokens of the instance ${id} are being refreshed at this moment. Export it again.`,
    retryAfter,
  })
}

function tell({ db }: Pick<Context, 'db'>, asked: ExportAsked, id: number): Promise<void> {
  const detail = { kid: asked.publicKey.kid }
  return insertAuditEntry(db, deedOf(asked), 'instance.exported', { instanceId: id, detail })
}

function deedOf({ principal, requestId, address }: ExportAsked) {
  const { organizationId, user } = principal
  return { organizationId, userId: user.id, requestId, address }
}
