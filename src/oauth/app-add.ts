import type { Principal } from '../access/store.ts'
import { keyOf } from '../authentication/authentication.ts'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { getApp } from './app-list.ts'
import { definedOrigins } from './app-origins.ts'
import { requireSharing } from './app-permission.ts'
import type { OAuthApp, OAuthAppRequest } from './app-schema.ts'
import { requireClient, sealClient } from './app-secret.ts'
import { readOrigins } from './app-stated-origins.ts'
import { type Deed, insertApp } from './app-store.ts'
import { type AppSubject, findSubject } from './app-subject.ts'

type Needs = Pick<Context, 'db' | 'vault' | 'elements' | 'egress' | 'oauthAppIds'>

export interface Asked {
  principal: Principal
  requestId: string
  address: string
}

/**
 * Stores an organization's client at an OAuth vendor, its secret sealed for the origins of the
 * element's token endpoint, or those that are stated.
 * @throws {Refusal}
 */
export async function addApp(
  context: Needs,
  asked: Asked & { body: OAuthAppRequest },
): Promise<OAuthApp> {
  const { principal, body } = asked
  const { name, clientId, clientSecret, shared = false } = body
  const { organizationId, user } = principal
  requireSharing(principal, shared)
  const subject = await findSubject(context, organizationId, body)
  requireClient(subject, { clientId, clientSecret })
  const origins = body.origins ? readOrigins(context, body.origins) : originsFor(subject)
  const id = await context.oauthAppIds.next()
  const key = { organizationId, id, userId: user.id }
  const place = { organizationId, id, secretVersion: 1, origins }
  const client = await sealClient(context, place, { clientId, clientSecret })
  const about = {
    elementId: subject.element.id,
    authenticationType: keyOf(subject.authentication),
  }
  await insertApp(context.db, { ...key, ...about, name, clientId, shared }, client, deedOf(asked))
  return getApp(context, principal, id)
}

export function deedOf({ principal, requestId, address }: Asked): Deed {
  return { userId: principal.user.id, requestId, address }
}

function originsFor({ element, authentication }: AppSubject): string[] {
  const origins = definedOrigins(element, authentication)
  if (origins) return origins
  throw new Refusal('oauth-app-origins-missing', {
    message: `${element.name} leaves it to each instance where its token endpoint is. Send the "origins" that the client secret is for, such as https://login.example.com or https://*.example.com.`,
    missing: [{ key: 'origins', name: 'Origins' }],
  })
}
