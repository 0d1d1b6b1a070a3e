import type { Instance } from '../instances/schema.ts'
import type { ConnectSession } from './schema.ts'
import type { SessionRecord } from './session.ts'

/** The session as the client app sees it. */
export function showSession(record: SessionRecord, instance?: Instance): ConnectSession {
  const { elements, elementId } = record
  return {
    id: record.id,
    status: record.status,
    statusReason: record.statusReason,
    element: elements.find(({ id }) => id === elementId) ?? null,
    elements,
    ...(instance && { instance }),
    instanceId: record.instanceId,
    externalId: record.externalId,
    allowedOrigin: record.allowedOrigin,
    returnUrl: record.returnUrl,
    createdDate: record.createdAt.toISOString(),
    expiresAt: record.expiresAt.toISOString(),
    finishedAt: record.finishedAt?.toISOString() ?? null,
  }
}
