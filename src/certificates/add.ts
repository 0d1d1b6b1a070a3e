import type { Principal } from '../access/store.ts'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import type { CertificateBundle } from './bundle.ts'
import { CertificateError, refusalOf } from './error.ts'
import { givenIn } from './given.ts'
import { readOrigins } from './origins.ts'
import { requireOwner, requireSharing, requireVisible } from './permission.ts'
import type { Certificate, CertificateReplacement, CertificateRequest } from './schema.ts'
import { showCertificate } from './show.ts'
import {
  bundleEntry,
  type CertificateRecord,
  type Deed,
  findCertificate,
  insertCertificate,
  ownerOf,
  updateCertificate,
} from './store.ts'
import { listUses } from './uses.ts'

type Needs = Pick<Context, 'db' | 'vault' | 'certificates' | 'certificateIds'>

interface Asked {
  principal: Principal
  requestId: string
  address: string
}

/**
 * Reads a certificate, and stores its key and chain sealed; its passphrase is not kept.
 * @throws {Refusal}
 */
export async function addCertificate(
  context: Needs,
  asked: Asked & { body: CertificateRequest },
): Promise<Certificate> {
  const { principal, body } = asked
  const { name, shared = false } = body
  requireSharing(principal, shared)
  const origins = readOrigins(body.origins)
  const bundle = await readBundle(context, principal, body)
  const { organizationId, user } = principal
  const id = await context.certificateIds.next()
  const sealed = await seal(context, { organizationId, id, secretVersion: 1, origins }, bundle)
  const key = { organizationId, id, userId: user.id }
  const content = { name, shared, ...bundle.description }
  await insertCertificate(context.db, key, content, sealed, deedOf(asked))
  return showCertificate(requireVisible(principal, id, await findCertificate(context.db, key)))
}

/**
 * Puts another file under the same id, for the instances that use it as well. What is not stated
 * stays as it was.
 * @throws {Refusal}
 */
export async function replaceCertificate(
  context: Needs,
  asked: Asked & { id: number; body: CertificateReplacement },
): Promise<Certificate> {
  const { principal, id, body } = asked
  const { organizationId } = principal
  const key = { organizationId, id }
  const find = async () => requireVisible(principal, id, await findCertificate(context.db, key))
  requireOwner(principal, await find())
  const stated = body.origins && readOrigins(body.origins)
  const bundle = await readBundle(context, principal, body)
  // Again whenever someone else was faster: the version is sealed into the secret.
  for (;;) {
    const found = await find()
    const { name = found.name, shared = found.shared } = body
    if (shared !== found.shared) requireSharing(principal, shared)
    if (found.shared && !shared) await requireUnusedByOthers(context, found)
    const secretVersion = found.secretVersion + 1
    const place = { ...key, secretVersion, origins: stated ?? found.origins }
    const sealed = await seal(context, place, bundle)
    const content = { name, shared, ...bundle.description }
    if (await updateCertificate(context.db, found, content, sealed, deedOf(asked))) {
      return showCertificate(await find())
    }
  }
}

async function readBundle(
  { certificates }: Needs,
  { organizationId }: Principal,
  body: Parameters<typeof givenIn>[0],
): Promise<CertificateBundle> {
  try {
    return await certificates.read(organizationId, givenIn(body))
  } catch (error) {
    throw error instanceof CertificateError ? refusalOf(error) : error
  }
}

async function seal(
  { vault }: Needs,
  {
    id,
    ...place
  }: { organizationId: number; id: number; secretVersion: number; origins: string[] },
  { certificate, key }: CertificateBundle,
) {
  const owner = ownerOf(id)
  const text = JSON.stringify({ certificate, key })
  return { ...(await vault.seal({ ...place, owner, entry: bundleEntry }, text)), ...place }
}

function deedOf({ principal, requestId, address }: Asked): Deed {
  return { userId: principal.user.id, requestId, address }
}

/** @throws {Refusal} `certificate-in-use` */
async function requireUnusedByOthers({ db }: Needs, found: CertificateRecord) {
  const { organizationId, id, userId } = found
  const uses = await listUses(db, { organizationId, certificateId: id, limit: 1, except: userId })
  if (uses.length === 0) return
  throw new Refusal(
    'certificate-in-use',
    'Instances of other users present this certificate. It stays shared until they do not.',
  )
}
