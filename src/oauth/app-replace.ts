import type { Context } from '../context.ts'
import { getElement } from '../elements/find.ts'
import { secretMask } from '../exchange/template.ts'
import { Refusal } from '../http/errors.ts'
import { type Asked, deedOf } from './app-add.ts'
import { getApp } from './app-list.ts'
import { requireOwner, requireSharing, requireVisible } from './app-permission.ts'
import type { OAuthApp, OAuthAppReplacement } from './app-schema.ts'
import { requireClient, sealClient } from './app-secret.ts'
import { readOrigins } from './app-stated-origins.ts'
import { type AppRecord, findApp, idEntry, secretEntry, updateApp } from './app-store.ts'
import { subjectOf } from './app-subject.ts'
import { listUses } from './app-uses.ts'

type Needs = Pick<Context, 'db' | 'vault' | 'elements' | 'egress'>

/**
 * Puts another client under the same id, for the instances that use it as well. What is left out
 * stays as it was, and so does a secret of stars, unless it is to go elsewhere.
 * @throws {Refusal}
 */
export async function replaceApp(
  context: Needs,
  asked: Asked & { id: number; body: OAuthAppReplacement },
): Promise<OAuthApp> {
  const { principal, id, body } = asked
  const { organizationId } = principal
  const stated = body.origins && readOrigins(context, body.origins)
  // Again whenever someone else was faster: the version is sealed into the secret.
  for (;;) {
    const found = requireVisible(principal, id, await findApp(context.db, { organizationId, id }))
    requireOwner(principal, found)
    await requireSame(context, found, body)
    const { name = found.name, shared = found.shared, clientId = found.clientId } = body
    if (shared !== found.shared) requireSharing(principal, shared)
    if (found.shared && !shared) await requireUnusedByOthers(context, found)
    const origins = stated ?? found.origins
    const client = await readClient(context, found, { ...body, clientId, origins })
    const content = { name, shared, clientId }
    if (await updateApp(context.db, found, content, client, deedOf(asked))) {
      return getApp(context, principal, id)
    }
  }
}

/** What is to be sealed; undefined where what is sealed stays. */
async function readClient(
  context: Needs,
  found: AppRecord,
  body: Pick<OAuthAppReplacement, 'clientSecret'> & { clientId: string; origins: string[] },
) {
  const { organizationId, id, entry } = found
  const { clientId, origins } = body
  const moved = origins.join() !== found.origins.join()
  const same = clientId === found.clientId
  const stated = body.clientSecret === secretMask ? undefined : body.clientSecret
  const keeps = stated === undefined && entry === secretEntry
  if (keeps && moved) throw secretRequired(origins)
  const stays = stated === undefined || (stated === null && entry === idEntry)
  if (stays && same && !moved) return undefined
  const clientSecret = stated ?? undefined
  const { element } = await getElement(context.elements, organizationId, String(found.elementId))
  const subject = subjectOf(element, found.authenticationType)
  requireClient(subject, { clientId, clientSecret }, keeps)
  if (keeps) return undefined
  const secretVersion = found.secretVersion + 1
  const place = { organizationId, id, secretVersion, origins }
  return sealClient(context, place, { clientId, clientSecret })
}

function secretRequired(origins: string[]): Refusal {
  return new Refusal('secrets-required', {
    message: `The client secret was not given for ${origins.join(', ')}. Send it again together with the origins.`,
    missing: [{ key: secretEntry, name: 'Client secret' }],
  })
}

/** @throws {Refusal} `body-invalid` where the request means another element or authentication */
async function requireSame(
  { elements }: Needs,
  { organizationId, elementId, authenticationType }: AppRecord,
  { element, authentication }: OAuthAppReplacement,
) {
  const named = element?.key ?? element?.id
  const known = named === undefined ? undefined : await elements.find(organizationId, String(named))
  const invalid = [
    ...(named === undefined || named === elementId || known?.id === elementId ? [] : ['element']),
    ...((authentication?.type ?? authenticationType) === authenticationType
      ? []
      : ['authentication']),
  ].map((key) => ({ key, reason: 'is another one than the app profile is for' }))
  if (invalid.length === 0) return
  throw new Refusal('body-invalid', {
    message:
      'An app profile stays with its element and authentication. Make another one for others.',
    invalid,
  })
}

/** @throws {Refusal} `oauth-app-in-use` */
async function requireUnusedByOthers({ db }: Needs, { organizationId, id, userId }: AppRecord) {
  const uses = await listUses(db, { organizationId, oauthAppId: id, limit: 1, except: userId })
  if (uses.length === 0) return
  throw new Refusal(
    'oauth-app-in-use',
    'Instances of other users use this app profile. It stays shared until they do not.',
  )
}
