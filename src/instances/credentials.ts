import type { Principal } from '../access/store.ts'
import type { Authentication } from '../authentication/authentication.ts'
import { needsConsent } from '../authentication/consent.ts'
import type { Context } from '../context.ts'
import type { Warning } from '../definition/configuration.ts'
import type { Element } from '../definition/element.ts'
import { type AppliedApp, findApp } from '../oauth/app.ts'
import { type Consent, type ConsentAsked, findConsent } from '../oauth/consent.ts'
import { type Credentials, originsOf } from '../probe/request.ts'
import { type Beneath, type Opened, openBeneath } from './beneath.ts'
import { type InstanceCertificates, readCertificates } from './certificates.ts'
import type { Imported } from './imported.ts'
import { requireMeant } from './kept.ts'
import {
  chooseAuthentication,
  grantFor,
  readConfiguration,
  type UsableConfiguration,
} from './request.ts'
import type { ElementInstanceRequest } from './schema.ts'
import { judgeSettings } from './settings.ts'

/** What a request brings to connect with; it has not been tried. */
export interface GivenCredentials {
  credentials: Credentials
  configuration: UsableConfiguration
  certificates: InstanceCertificates
  /** What stands for the client of an OAuth vendor, where the configuration does not. */
  app: AppliedApp | undefined
  /** To be taken before it is used. */
  consent: Consent | undefined
  /** What was kept of a stored instance. */
  opened: Opened | undefined
  warnings: Warning[]
}

/**
 * All that a request says about how to connect.
 * @throws {Refusal} for what is missing, wrong or unclear
 */
export async function readCredentials(
  context: Pick<Context, 'db' | 'vault' | 'certificates'>,
  asked: {
    principal: Principal
    requestId: string
    body: ElementInstanceRequest
    /** Left out for a new instance. */
    beneath?: Beneath | undefined
    /** Where our own callback took the redirect of a consent. */
    connect?: ConsentAsked['connect']
    /** Of another installation, which has had its consent. */
    imported?: Imported | undefined
  },
  element: Element,
): Promise<GivenCredentials> {
  const { principal, requestId, body, beneath, connect, imported } = asked
  const { authentication: chosen, warnings } = chooseAuthentication(element, body)
  const authentication = grantFor(chosen, body)
  const known = { principal, element, authentication }
  const { 'authentication.type': _, ...stated } = body.configuration ?? {}
  const { providerData } = body
  // A draft asks nobody, and what is stored has had its consent.
  const consent =
    body.verify === false || imported || (beneath && !providerData)
      ? undefined
      : await findConsent(context, {
          ...known,
          configuration: stated,
          kept: beneath?.kept,
          providerData,
          instanceId: beneath?.id,
          connect,
        })
  const told = consent?.values ?? imported?.told ?? new Map()
  const given = { ...beneath?.kept, ...stated, ...consent?.given }
  const oauthAppId = body.authentication?.oauthAppId ?? consent?.oauthAppId
  const app = await findApp(context, { ...known, configuration: given, told, oauthAppId })
  const above = { given, app: app?.given ?? {}, told }
  const opened = beneath && (await openBeneath(context, element, authentication, beneath, above))
  const configuration = await readConfiguration(element, authentication, {
    ...above,
    body,
    given: opened?.given ?? given,
    told: new Map([...(opened?.told ?? []), ...told]),
    settingFaults: await judgeSettings(
      context,
      { organizationId: principal.organizationId, userId: principal.user.id },
      body.settings ?? {},
    ),
  })
  if (opened) {
    requireMeant(element, opened.kept, originsOf(element, authentication, configuration.values))
  }
  consent?.check(configuration.values)
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
    app,
    consent,
    opened,
    warnings: [
      ...warnings,
      ...findUnusedConsent(authentication, body),
      ...configuration.warnings,
      ...certificates.warnings,
    ],
  }
}

function findUnusedConsent(
  authentication: Authentication,
  { verify, providerData }: ElementInstanceRequest,
): Warning[] {
  if (verify !== false || !providerData || !needsConsent(authentication)) return []
  const message = 'was not used: a draft asks nobody. Bring a consent along when it is verified'
  return [{ key: 'providerData', message }]
}
