import type { Entry } from './element.ts'

/**
 * Entries that every element accepts besides its own, as Cloud Elements' clients send them. They are
 * kept and answered where given; none of them has an effect yet.
 */
const entries: Entry[] = [
  { key: 'event.notification.enabled', name: 'Events enabled', type: 'boolean' },
  { key: 'event.vendor.type', name: 'Kind of events', type: 'text' },
  { key: 'event.notification.type', name: 'Kind of notification', type: 'text' },
  { key: 'event.notification.callback.url', name: 'Event callback URL', type: 'url' },
  {
    key: 'event.notification.signature.key',
    name: 'Event signature key',
    type: 'password',
    secret: true,
  },
  { key: 'event.notification.subscription.id', name: 'Event subscription', type: 'text' },
  { key: 'filter.response.nulls', name: 'Leave out nulls', type: 'boolean' },
  { key: 'base.url', name: 'Base URL', type: 'url' },
  { key: 'pagination.max', name: 'Page size', type: 'number' },
  { key: 'pagination.type', name: 'Kind of paging', type: 'text' },
]

const byKey = new Map(entries.map((entry) => [entry.key, { ...entry, inert: true }]))

/** The universal entry of that key, `bulk.*` being a family without a list. */
export function universalEntry(key: string): Entry | undefined {
  if (/^bulk\.[A-Za-z0-9._-]+$/.test(key)) return { key, name: key, type: 'text', inert: true }
  return byKey.get(key)
}
