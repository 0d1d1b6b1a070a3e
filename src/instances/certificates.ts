import { X509Certificate } from 'node:crypto'
import type { Principal } from '../access/store.ts'
import type { CertificateSource } from '../authentication/send.ts'
import type { CertificateBundle } from '../certificates/bundle.ts'
import { CertificateError } from '../certificates/error.ts'
import { givenInText } from '../certificates/given.ts'
import { openCertificate } from '../certificates/open.ts'
import { warningsOf } from '../certificates/show.ts'
import type { Context } from '../context.ts'
import type {
  CheckedConfiguration,
  GivenCertificate,
  Warning,
} from '../definition/configuration.ts'
import type { Values } from '../exchange/request.ts'
import { Refusal } from '../http/errors.ts'
import { type Credentials, originsOf } from '../probe/request.ts'
import type { InstanceRecord } from './store.ts'

type Needs = Pick<Context, 'db' | 'vault' | 'certificates'>

/** The certificates of a configuration: what is presented to the vendor, and what is kept. */
export interface InstanceCertificates {
  /** Left out where the authentication presents none. */
  certificateFor: CertificateSource | undefined
  /** Files that came along, by entry, as they are sealed. */
  files: Map<string, string>
  /** Those that are named. */
  ids: number[]
  warnings: Warning[]
}

/**
 * Reads the files that came along, and finds the certificates that are named.
 * @param identity on whose behalf they are presented
 * @throws {Refusal} where one can't be read or used
 */
export async function readCertificates(
  context: Needs,
  { organizationId, user }: Principal,
  identity: string,
  { certificates, values }: Pick<CheckedConfiguration, 'certificates' | 'values'>,
  { element, authentication }: Pick<Credentials, 'element' | 'authentication'>,
): Promise<InstanceCertificates> {
  const read: InstanceCertificates = {
    certificateFor: undefined,
    files: new Map(),
    ids: [],
    warnings: [],
  }
  for (const [key, given] of certificates) {
    let source: CertificateSource
    if ('id' in given) {
      const asked = { organizationId, userId: user.id, certificateId: given.id }
      read.ids.push(given.id)
      source = async (destination) => ({
        ...(await openCertificate(context, { ...asked, destination })),
        identity,
      })
      // Also where it is not presented yet: a draft.
      await Promise.all(originsOf(element, authentication, values).map(source))
    } else {
      const {
        certificate,
        key: privateKey,
        description,
      } = await readFile(context, organizationId, key, given)
      const { fingerprint } = description
      read.files.set(key, JSON.stringify({ certificate, key: privateKey }))
      read.warnings.push(
        ...warningsOf(description, new Date()).map(({ message }) => ({ key, message })),
      )
      source = async () => ({ certificate, key: privateKey, fingerprint, identity })
    }
    if (authentication.certificate === key) read.certificateFor = source
  }
  return read
}

/** The certificate that a stored instance presents; left out where its authentication needs none. */
export function storedCertificate(
  context: Pick<Context, 'db' | 'vault'>,
  record: Pick<InstanceRecord, 'organizationId' | 'id' | 'userId' | 'configuration'>,
  { certificate: entry }: Credentials['authentication'],
  opened: Values,
): CertificateSource | undefined {
  if (entry === undefined) return undefined
  const { organizationId, userId, configuration } = record
  const identity = `instance/${record.id}`
  const file = opened.get(entry)
  if (file !== undefined) {
    const { certificate, key } = JSON.parse(file)
    const { fingerprint256: fingerprint } = new X509Certificate(certificate)
    return async () => ({ certificate, key, fingerprint, identity })
  }
  const certificateId = Number(configuration[entry] ?? 0)
  if (certificateId === 0) return undefined
  const asked = { organizationId, userId, certificateId }
  return async (destination) => ({
    ...(await openCertificate(context, { ...asked, destination })),
    identity,
  })
}

/** @throws {Refusal} `configuration-invalid`, which names the file or its passphrase */
export async function readFile(
  { certificates }: Pick<Needs, 'certificates'>,
  organizationId: number,
  key: string,
  { file, passphrase }: Extract<GivenCertificate, { file: string }>,
): Promise<CertificateBundle> {
  try {
    return await certificates.read(organizationId, givenInText(file, passphrase))
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error
    const wrong = error.kind === 'wrong-passphrase' ? `${key}.passphrase` : key
    throw new Refusal('configuration-invalid', {
      message: `"${wrong}": ${error.message}`,
      invalid: [{ key: wrong, reason: error.message }],
    })
  }
}
