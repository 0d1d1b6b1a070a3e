import type { Authentication } from '../authentication/authentication.ts'
import { renewalsOf } from '../authentication/renewal.ts'
import { sessionRefreshToken } from '../authentication/session.ts'
import type { Session } from '../authentication/sessions.ts'
import type { JobData, Jobs, Queries } from '../database/jobs.ts'
import type { Tokens } from './tokens.ts'

const marginShare = 0.1
const longestMarginSeconds = 300
/** What lives shorter is refreshed by whoever needs it: the background asks no vendor all the time. */
const shortestWaitSeconds = 30

/** So many seconds before its end a token of that life is used no more, if another can be had. */
export function marginOf(lifeSeconds: number): number {
  return Math.min(lifeSeconds * marginShare, longestMarginSeconds)
}

/** From now to a moment; null: for ever. */
export function secondsUntil(end: Date | null | undefined): number | null {
  return end ? Math.max(0, (end.getTime() - Date.now()) / 1000) : null
}

/** What the job is told that refreshes tokens. */
export interface RefreshJob extends JobData {
  instanceId: number
  /** Of the tokens that it is about; later ones have a job of their own. */
  version: number
}

/**
 * Has tokens refreshed a little before the margin of their end, those of many instances not all at
 * once; to be called in the transaction that stores them.
 */
export async function scheduleRefresh(
  jobs: Pick<Jobs, 'send'>,
  queries: Queries,
  job: RefreshJob,
  tokens: {
    authentication: Authentication
    hasRefreshToken: boolean
    /** Left of their life; null: they have no end. */
    lifeSeconds: number | null
  },
): Promise<void> {
  const { authentication, hasRefreshToken, lifeSeconds } = tokens
  if (lifeSeconds === null || renewalsOf(authentication, hasRefreshToken).length === 0) return
  const ahead = marginOf(lifeSeconds) * (1 + Math.random())
  await sendRefresh(jobs, queries, job, Math.max(shortestWaitSeconds, lifeSeconds - ahead))
}

/** What is stored of a new instance's tokens besides their secret; undefined where it has none. */
export function firstLife(
  jobs: Pick<Jobs, 'send'>,
  key: Omit<RefreshJob, 'version'>,
  authentication: Authentication,
  session: Session | undefined,
) {
  if (authentication.type !== 'oauth2' || !session) return undefined
  const hasRefreshToken =
    session.values.has(sessionRefreshToken) || authentication.grant === 'refreshToken'
  const lifeSeconds = secondsUntil(session.expiresAt)
  const tokens = { authentication, hasRefreshToken, lifeSeconds }
  return {
    lifeSeconds,
    alongside: (queries: Queries) => scheduleRefresh(jobs, queries, { ...key, version: 1 }, tokens),
  }
}

/** What is stored of the tokens of a new login besides their secret, whose version is that of `job`. */
export function nextLife(
  jobs: Pick<Jobs, 'send'>,
  job: RefreshJob,
  authentication: Authentication,
  { refreshToken, expiresAt }: Tokens,
) {
  const lifeSeconds = secondsUntil(expiresAt === null ? null : new Date(expiresAt))
  const tokens = { authentication, hasRefreshToken: refreshToken !== null, lifeSeconds }
  return {
    version: job.version,
    lifeSeconds,
    alongside: (queries: Queries) => scheduleRefresh(jobs, queries, job, tokens),
  }
}

/** Has tokens refreshed in so many seconds, instead of any other time that was set. */
export async function sendRefresh(
  jobs: Pick<Jobs, 'send'>,
  queries: Queries,
  job: RefreshJob,
  startAfter: number,
): Promise<void> {
  const key = `${job.organizationId}/${job.instanceId}`
  await jobs.send(queries, 'refresh-tokens', job, { startAfter, key })
}
