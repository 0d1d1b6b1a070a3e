import type { Context } from '../context.ts'
import { viewOf } from '../definition/view.ts'
import { baseUrlOf } from '../exchange/address.ts'
import { requireCallable } from '../instances/callable.ts'
import { readStored } from '../instances/connection.ts'
import { instanceNotFound } from '../instances/find.ts'
import { showSettings } from '../instances/settings.ts'
import { findLimited } from '../limits/limited-by.ts'
import { accessForLong } from '../tokens/life.ts'
import type { Needs } from '../tokens/renew.ts'
import type { Opened } from './callable.ts'
import { rememberCertificates } from './certificates.ts'
import { inTime } from './in-time.ts'

/** To be used for a while. */
export interface OpenedForLong extends Opened {
  /** By `performance.now()`: then its tokens have to be looked at again. */
  dueAt: number
  /** By `performance.now()`: then they are good no more. */
  endsAt: number
}

/**
 * Opens an instance for calls, with tokens newer than `seen`, where that is given.
 * @param deadline by `performance.now()`
 * @throws {Refusal} `instance-not-found`, `instance-disabled`, `instance-draft`, `secrets-required`,
 *   `reconnect-required`, and what keeps the tokens from being refreshed
 */
export async function openForCalls(
  context: Needs,
  key: { organizationId: number; instanceId: number },
  seen?: number,
  deadline?: number,
): Promise<OpenedForLong> {
  const { organizationId, instanceId } = key
  await requireOpenable(context, key)
  const access = await accessForLong(context, key, seen, deadline)
  const now = performance.now()
  const { element, record, credentials } = access.connection
  requireCallable(record)
  const place = viewOf(element, credentials.authentication)
  const settings = showSettings(element, record.settings)
  const limits = { ...settings, concurrency: element.settings?.concurrency }
  return {
    organizationId,
    instanceId,
    connection: rememberCertificates(access.connection),
    base: baseUrlOf(place, credentials.values),
    settings,
    limited: await findLimited(context, record, limits),
    dueAt: now + access.goodForMs,
    endsAt: now + access.endsInMs,
  }
}

/** Before any secret of it is opened, or any token refreshed. */
async function requireOpenable(
  context: Pick<Context, 'db'>,
  key: { organizationId: number; instanceId: number },
) {
  const { organizationId, instanceId: id } = key
  const row = await inTime(readStored(context, { organizationId, id }))
  if (!row) throw instanceNotFound(id)
  requireCallable(row)
}
