import type { Principal } from '../access/store.ts'

/** An element among those that a session offers. */
export interface OfferedElement {
  id: number
  key: string
}

/** What a client app asked for, besides what it set beforehand. */
export interface SessionRequest {
  name?: string | undefined
  tags?: string[] | undefined
  settings?: object | undefined
  authentication?: { type?: string | undefined; oauthAppId?: number | undefined } | undefined
  appearance?: Appearance | undefined
}

/** How the page introduces whom it works for. */
export interface Appearance {
  name?: string | undefined
  color?: string | undefined
  logoUrl?: string | undefined
}

export type SessionStatus = 'pending' | 'opened' | 'succeeded' | 'failed' | 'expired' | 'cancelled'

/** A connect session as it is stored, its status by the database's clock. */
export interface SessionRecord {
  organizationId: number
  id: number
  userId: number
  elements: OfferedElement[]
  elementId: number | null
  instanceId: number | null
  /** Whether the instance was there before. */
  reconnects: boolean
  request: SessionRequest
  externalId: string | null
  allowedOrigin: string
  returnUrl: string | null
  status: SessionStatus
  statusReason: string | null
  attempts: number
  createdAt: Date
  expiresAt: Date
  finishedAt: Date | null
}

/** For whoever works in the name of the user who made it. */
export interface OpenSession extends SessionRecord {
  user: Principal['user']
  /** Whether the user and the organization may still do anything. */
  permitted: boolean
}

export function ownerOf(sessionId: number): string {
  return `connect-session/${sessionId}`
}

/** Under which stands what the client app set beforehand. */
export const presetEntry = '$preset'
/** Under which stands where a ticket leads. */
export const ticketEntry = '$ticket'

/** How often credentials are tried, or a consent is begun, in one session. */
export const maxAttempts = 20

/** Whether nothing can be done in it any more, by its own end or that of what it is about. */
export function isOver(session: OpenSession): boolean {
  const { permitted, reconnects, instanceId } = session
  return isFinal(session) || !permitted || (reconnects && instanceId === null)
}

export function isFinal({ status }: Pick<SessionRecord, 'status'>): boolean {
  return status !== 'pending' && status !== 'opened'
}

export function principalOf({ organizationId, user }: OpenSession): Principal {
  return { organizationId, user }
}
