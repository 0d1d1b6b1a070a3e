/** What an organization can have told. */
export const eventTypes = [
  'instance.created',
  'instance.verified',
  'instance.failed',
  'instance.expiring',
  'instance.deleted',
  'call.done',
  'call.failed',
] as const

/** Stands for all of them, also for those to come. */
export const everyEvent = '*'

/** What is told of an instance, as it was when it happened; nothing secret is among it. */
export interface EventData {
  instanceId: number
  elementKey: string
  name: string
  externalId: string | null
  tags: string[]
  userId: number
  state: string
  stateReason: string | null
  /** Where it tells of a call that was sent later. */
  call?: {
    id: number
    method: string
    state: string
    status: number | null
    code: string | null
  }
}

export interface WebhookEvent {
  id: number
  type: string
  createdAt: Date
  data: EventData
}

/** By which a receiver knows what it has had already: the same for every attempt. */
export function messageId({ id }: Pick<WebhookEvent, 'id'>): string {
  return `evt_${id}`
}

/** The same bytes for every attempt. */
export function renderEvent({ type, createdAt, data }: WebhookEvent): string {
  const { instanceId, elementKey, name, externalId, tags, userId, state, stateReason, call } = data
  return JSON.stringify({
    type,
    timestamp: createdAt.toISOString(),
    data: { instanceId, elementKey, name, externalId, tags, userId, state, stateReason, call },
  })
}
