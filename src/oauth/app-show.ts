import type { Element } from '../definition/element.ts'
import { secretMask } from '../exchange/template.ts'
import type { OAuthApp } from './app-schema.ts'
import { secretEntry } from './app-store.ts'
import type { KnownApp } from './app-view-store.ts'

/** The app profile as everyone may see it who may use it. */
export function showApp(
  app: KnownApp,
  element: Pick<Element, 'key' | 'name'> | undefined,
): OAuthApp {
  const { id, name, elementId, authenticationType: type, clientId, entry } = app
  const { shared, origins, instances, userId, emailAddress, firstName, lastName } = app
  return {
    id,
    name,
    element: { id: elementId, key: element?.key ?? null, name: element?.name ?? null },
    authentication: { type },
    clientId,
    clientSecret: entry === secretEntry ? secretMask : null,
    shared,
    origins,
    instances,
    user: { id: userId, emailAddress, firstName, lastName },
    createdDate: app.createdAt.toISOString(),
    updatedDate: app.updatedAt.toISOString(),
  }
}
