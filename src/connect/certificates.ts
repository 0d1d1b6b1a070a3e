import type { Context } from '../context.ts'
import { readFile } from '../instances/certificates.ts'
import type { ConnectCertificate } from './page-schema.ts'
import { readSubmission, type Submission } from './submit.ts'

/**
 * What stands in the certificates that a customer filled in; nothing is stored, and no vendor asked.
 * Counts as an attempt, since reading one takes a while.
 * @throws {Refusal} `configuration-invalid` for a file that can't be read
 */
export async function describeCertificates(
  context: Context,
  submission: Pick<Submission, 'session' | 'answers'>,
): Promise<ConnectCertificate[]> {
  const { form } = await readSubmission(context, submission)
  const { configuration = {} } = submission.answers
  const described: ConnectCertificate[] = []
  for (const { key, type } of form.entries) {
    const file = configuration[key]
    if (type !== 'certificate' || typeof file !== 'string' || file === '') continue
    const passphrase = configuration[`${key}.passphrase`]
    const given = { file, ...(typeof passphrase === 'string' && { passphrase }) }
    const { organizationId } = submission.session
    const { description } = await readFile(context, organizationId, key, given)
    const { subject, issuer, notAfter } = description
    described.push({ key, subject, issuer, notAfter: notAfter.toISOString() })
  }
  return described
}
