import { needsConsent } from '../authentication/consent.ts'
import type { Context } from '../context.ts'
import type { Warning } from '../definition/configuration.ts'
import type { Element } from '../definition/element.ts'
import { secretMask } from '../exchange/template.ts'
import { Refusal } from '../http/errors.ts'
import type { ProbeResult } from '../probe/probe.ts'
import { prove } from '../probe/prove.ts'
import type { Credentials } from '../probe/request.ts'
import { readCredentials } from './credentials.ts'
import type { ProvisionRequest } from './provision.ts'
import { chooseAuthentication, findElement, findStrangers, grantFor, readTexts } from './request.ts'
import { tokenSecrets } from './tokens.ts'
import type { Trial, TrialRequest } from './trial-schema.ts'
import { conclude } from './verify.ts'

/**
 * Does what provisioning does until something would be stored.
 * @throws {Refusal} as provisioning would
 */
export async function tryOut(
  context: Context,
  request: Omit<ProvisionRequest, 'body' | 'address'> & { body: TrialRequest },
): Promise<Trial> {
  const { principal, keyInPath, note } = request
  const { organizationId } = principal
  const { element } = await findElement(context.elements, organizationId, keyInPath, request.body)
  note({ elementKey: element.key })
  const body = { ...request.body, name: request.body.name ?? element.name }
  readTexts(body)
  const { authentication } = chooseAuthentication(element, body)
  if (needsConsent(grantFor(authentication, body))) throw untriable(element)
  const given = await readCredentials(context, { ...request, body }, element)
  const { credentials, configuration, warnings } = given
  const proof = await prove(context, organizationId, credentials, configuration.first)
  const { stateReason, discovered } = conclude(element, proof)
  const secret = new Set(element.entries.filter((entry) => entry.secret).map(({ key }) => key))
  const verdict = proof ? 'verified' : 'unverified'
  return {
    verdict,
    state: verdict,
    stateReason,
    discovered: Object.fromEntries(
      discovered.map(([key, value]) => [key, secret.has(key) ? secretMask : value]),
    ),
    probe: proof?.exchange() ?? null,
    warnings: [...warnings, ...findSpent(credentials, proof), ...findStrangers(body)],
  }
}

/** It would be spent, and nothing to show for it. */
function untriable({ name, key }: Element): Refusal {
  return new Refusal(
    'oauth-code-untriable',
    `A code of ${name} can be used once: to try it would spend it. Provision with POST /elements/${key}/instances, which stores only what ${name} accepts.`,
  )
}

/** A refresh token that the vendor replaced: nothing is stored, so that the new one is lost. */
function findSpent(
  { authentication, values }: Credentials,
  proof: ProbeResult | undefined,
): Warning[] {
  return tokenSecrets(authentication, values, proof?.session)
    .filter(([entry, secret]) => values.has(entry) && values.get(entry) !== secret)
    .map(([key]) => ({
      key,
      message: 'was replaced by the vendor when it was tried: bring a new one along',
    }))
}
