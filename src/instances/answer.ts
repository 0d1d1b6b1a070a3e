import type { Principal } from '../access/store.ts'
import { showConfiguration } from '../definition/configuration.ts'
import { type Element, imageOf } from '../definition/element.ts'
import type { Instance } from './schema.ts'
import { showSettings } from './settings.ts'
import type { InstanceRecord, InstanceTimes, LastCheck } from './store.ts'

/** States in which it can be called through. */
const valid: readonly InstanceRecord['state'][] = ['verified', 'unverified', 'expiring']

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
  const oauth = element.authentications.find(({ type }) => /^oauth[12]$/.test(type))
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
      typeOauth: oauth !== undefined,
      trialAccount: false,
      configDescription: element.configDescription,
      transformationsEnabled: true,
      authentication: oauth ? { type: oauth.type } : {},
      hub: element.hub,
      parameters: [],
    },
    elementId: element.id,
    tags: record.tags,
    provisionInteractions: [],
    valid: valid.includes(record.state),
    disabled: record.disabled,
    maxCacheSize: 0,
    cacheTimeToLive: 0,
    configuration: showConfiguration(element, record.configuration, secretKeys),
    eventsEnabled: false,
    cachingEnabled: false,
    traceLoggingEnabled: (record.callLogUntil?.getTime() ?? 0) > Date.now(),
    externalAuthentication: record.externalAuthentication,
    user: {
      id: user.id,
      emailAddress: user.emailAddress,
      firstName: user.firstName,
      lastName: user.lastName,
    },
    settings: showSettings(element, record.settings),
    authentication: {
      type: record.authenticationType,
      ...(record.oauthAppId !== null && { oauthAppId: record.oauthAppId }),
    },
    state: record.state,
    stateSince: record.stateSince.toISOString(),
    stateReason: record.stateReason,
    verifiedAt: record.verifiedAt?.toISOString() ?? null,
    lastCheck: showCheck(record.lastCheck),
    externalId: record.externalId,
    warnings: record.warnings,
  }
}

function showCheck(check: LastCheck | null | undefined): Instance['lastCheck'] {
  if (!check) return null
  const { verdict, at, message } = check
  return { verdict, at, message }
}
