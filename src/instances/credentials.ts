import type { Principal } from '../access/store.ts'
import type { Authentication } from '../authentication/authentication.ts'
import type { Context } from '../context.ts'
import type { Warning } from '../definition/configuration.ts'
import type { Element } from '../definition/element.ts'
import type { Credentials } from '../probe/request.ts'
import { type InstanceCertificates, readCertificates } from './certificates.ts'
import { chooseAuthentication, readConfiguration, type UsableConfiguration } from './request.ts'
import type { ElementInstanceRequest } from './schema.ts'

/** What a request brings to connect with; it has not been tried. */
export interface GivenCredentials {
  credentials: Credentials
  configuration: UsableConfiguration
  certificates: InstanceCertificates
  warnings: Warning[]
}

/**
 * All that a request says about how to connect.
 * @throws {Refusal} for what is missing, wrong or unclear
 */
export async function readCredentials(
  context: Pick<Context, 'db' | 'vault' | 'certificates'>,
  asked: { principal: Principal; requestId: string; body: ElementInstanceRequest },
  element: Element,
): Promise<GivenCredentials> {
  const { principal, requestId, body } = asked
  const { authentication: chosen, warnings } = chooseAuthentication(element, body)
  const authentication = grantFor(chosen, body)
  const configuration = await readConfiguration(element, authentication, body)
  const certificates = await readCertificates(
    context,
    principal,
    `request/${requestId}`,
    configuration,
    { element, authentication },
  )
  const { values, secretKeys } = configuration
  const { certificateFor } = certificates
  return {
    credentials: { element, authentication, values, secretKeys, certificateFor },
    configuration,
    certificates,
    warnings: [...warnings, ...configuration.warnings, ...certificates.warnings],
  }
}

/** A refresh token that is brought along takes the place of whatever would yield one. */
function grantFor(
  authentication: Authentication,
  { externalAuthentication }: ElementInstanceRequest,
): Authentication {
  return authentication.type === 'oauth2' && externalAuthentication === 'initial'
    ? { ...authentication, grant: 'refreshToken' }
    : authentication
}
