import type { Principal } from '../access/store.ts'
import { showConfiguration } from '../definition/configuration.ts'
import { type Element, imageOf } from '../definition/element.ts'
import type { Instance } from './schema.ts'
import { showSettings } from './settings.ts'
import type { InstanceRecord, InstanceTimes } from './store.ts'

/** The instance as its owner sees it; secrets are stars, the token is not. */
export function showInstance(given: {
  record: InstanceRecord & InstanceTimes & { disabled: boolean }
  element: Element
  user: Principal['user']
  secretKeys: Iterable<string>
  token: string
}): Instance {
  const { record, element, user } = given
  // What no entry is called is nothing that was asked for.
  const secretKeys = [...given.secretKeys].filter((key) => !key.startsWith('$'))
  const typeOauth = element.authentications.some(({ type }) => type === 'oauth2')
  return {
    id: record.id,
    name: record.name,
    createdDate: record.createdAt.toISOString(),
    updatedDate: record.updatedAt.toISOString(),
    token: given.token,
    element: {
      id: element.id,
      name: element.name,
      key: element.key,
      description: element.description,
      image: imageOf(element),
      active: true,
      deleted: false,
      typeOauth,
      trialAccount: false,
      configDescription: element.configDescription,
      transformationsEnabled: true,
      authentication: typeOauth ? { type: 'oauth2' } : {},
      hub: element.hub,
      parameters: [],
    },
    elementId: element.id,
    tags: record.tags,
    provisionInteractions: [],
    valid: record.state === 'verified' || record.state === 'unverified',
    disabled: record.disabled,
    maxCacheSize: 0,
    cacheTimeToLive: 0,
    configuration: showConfiguration(element, record.configuration, secretKeys),
    eventsEnabled: false,
    cachingEnabled: false,
    traceLoggingEnabled: false,
    externalAuthentication: record.externalAuthentication,
    user: {
      id: user.id,
      emailAddress: user.emailAddress,
      firstName: user.firstName,
      lastName: user.lastName,
    },
    settings: showSettings(element, record.settings),
    authentication: { type: record.authenticationType },
    state: record.state,
    stateSince: record.stateSince.toISOString(),
    stateReason: record.stateReason,
    verifiedAt: record.verifiedAt?.toISOString() ?? null,
    externalId: record.externalId,
    warnings: record.warnings,
  }
}
