import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { findOwn, type Shown, showStored } from '../instances/own.ts'
import { provision } from '../instances/provision.ts'
import type { Instance } from '../instances/schema.ts'
import { verifyInstance } from '../instances/verify-stored.ts'
import { accessFor } from '../tokens/renew.ts'
import { openImportKey } from './import-keys.ts'
import { takeOver } from './import-once.ts'
import { type ImportAsked, type ImportRequest, readImport } from './import-request.ts'
import type { ImportResult } from './import-schema.ts'
import { type ExportedInstance, format, type Manifest } from './manifest.ts'
import { altered, kidOf, openSecrets } from './sealing.ts'

/** What is told of an instance that came from elsewhere. */
export type ImportedInstance = Omit<ImportResult, 'line' | 'status' | 'error'>

/**
 * Provisions an instance that another installation exported for a key of the caller's, as
 * `provision` does. One that has come before is answered as it is.
 * @throws {Refusal} `import-key-not-found`, `import-key-expired`, `import-altered`,
 *   `secrets-required` where its secrets would go elsewhere, and as `provision` does
 */
export async function importInstance(
  context: Context,
  asked: ImportAsked,
  { manifest, secrets }: ExportedInstance,
): Promise<ImportedInstance> {
  requireFormat(manifest)
  const kid = kidOf(secrets)
  if (kid === undefined) throw altered()
  const privateKey = await openImportKey(context, asked.principal, kid)
  const opened = await openSecrets(privateKey, manifest, secrets)
  const { principal, requestId, address } = asked
  const { organizationId, user } = principal
  const { source, sourceId, disabled } = manifest
  const key = { organizationId, userId: user.id, source, sourceId }
  const taken = await takeOver(context, key, { disabled, requestId, address }, async (finish) => {
    const request = await readImport(context, asked, manifest, opened)
    const instance = await provision(context, {
      principal,
      requestId,
      address,
      keyInPath: undefined,
      body: request.body,
      imported: { ...request.imported, alongside: finish },
      note: () => {},
    })
    return { instance, request }
  })
  if ('there' in taken) return answerThere(context, asked, manifest, taken.there)
  const { instance, request } = taken.made
  return answerMade(context, asked, manifest, instance, request)
}

async function answerMade(
  context: Context,
  asked: ImportAsked,
  manifest: Manifest,
  instance: Instance,
  { triedLater, warnings }: ImportRequest,
): Promise<ImportedInstance> {
  const tried = triedLater ? await tryTokens(context, asked, instance) : { instance, warnings: [] }
  return describe(manifest, tried.instance, true, [...warnings, ...tried.warnings])
}

async function answerThere(
  context: Context,
  asked: ImportAsked,
  manifest: Manifest,
  id: number,
): Promise<ImportedInstance> {
  const { principal, verify } = asked
  const found = { principal, id, keyInPath: undefined, ifMatch: undefined }
  const { row, element } = await findOwn(context, found)
  const { instance }: Shown = await showStored(context, row, element)
  const isUntried = verify && row.state === 'draft' && manifest.state !== 'draft'
  const tried =
    isUntried && manifest.tokens === 'moved'
      ? await tryTokens(context, asked, instance)
      : { instance, warnings: [] }
  return describe(manifest, tried.instance, false, tried.warnings)
}

/** Tokens that nobody else has any more are kept, whatever the vendor says to them. */
async function tryTokens(
  context: Context,
  { principal, requestId, address }: ImportAsked,
  instance: Instance,
): Promise<{ instance: Instance; warnings: Manifest['warnings'] }> {
  const { id } = instance
  const who = { principal, requestId, address, keyInPath: undefined, ifMatch: undefined }
  try {
    const verified = await verifyInstance(context, { ...who, id, access: accessFor })
    return { instance: verified.instance, warnings: [] }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const message = `was not proved, and it is a draft: ${error.message} Send the line again, or POST /instances/${id}/verify.`
    return { instance, warnings: [{ key: 'verify', message }] }
  }
}

function describe(
  { sourceId }: Manifest,
  { id, token, state, warnings: own }: Instance,
  created: boolean,
  warnings: Manifest['warnings'],
): ImportedInstance {
  return { sourceId, id, token, created, state, warnings: [...warnings, ...own] }
}

function requireFormat({ format: given }: Manifest) {
  if (given === format) return
  throw new Refusal('body-invalid', {
    message: `The line is of the format ${given}, and this installation knows ${format} alone. Bring both to the same release.`,
    invalid: [{ key: 'manifest.format', reason: `is not ${format}` }],
  })
}
