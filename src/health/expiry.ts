import { X509Certificate } from 'node:crypto'
import { renewalsOf } from '../authentication/renewal.ts'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import type { StoredConnection } from '../instances/connection.ts'
import { originsOf } from '../probe/request.ts'
import { findDates } from './store.ts'

const dayMs = 86_400_000
const certificateMarginMs = 30 * dayMs
const secretMarginMs = 30 * dayMs
const longestTokenMarginMs = 7 * dayMs
const tokenMarginShare = 0.1

/** Something that ends unless a person does something. */
interface End {
  at: Date
  /** From when on people should know. */
  from: Date
  reason(date: string): string
}

export interface Expiry {
  /** What ends soon, for people; null where nothing does. */
  reason: string | null
  /** When the next thing that ends is worth a word. */
  next: Date | undefined
}

/** What of an instance ends soon and cannot be renewed without a person. */
export async function findExpiry(
  context: Pick<Context, 'db'>,
  connection: StoredConnection,
  now: Date,
): Promise<Expiry> {
  const ends = [
    ...(await certificateEnds(connection)),
    ...(await storedEnds(context, connection)),
  ].sort((one, other) => one.at.getTime() - other.at.getTime())
  const near = ends.find(({ from }) => from <= now)
  const later = ends.filter(({ from }) => from > now).map(({ from }) => from.getTime())
  return {
    reason: near ? near.reason(near.at.toISOString().slice(0, 10)) : null,
    next: later.length > 0 ? new Date(Math.min(...later)) : undefined,
  }
}

async function certificateEnds({ credentials }: StoredConnection): Promise<End[]> {
  const { element, authentication, values, certificateFor } = credentials
  const [origin] = originsOf(element, authentication, values)
  if (!certificateFor || origin === undefined) return []
  try {
    const { certificate } = await certificateFor(origin)
    const at = new Date(new X509Certificate(certificate).validTo)
    const reason = (date: string) =>
      `The client certificate is valid until ${date}. Replace it by one that is valid for longer.`
    return [{ at, from: earlier(at, certificateMarginMs), reason }]
  } catch (error) {
    // What cannot be presented shows when the vendor is asked.
    if (!(error instanceof Refusal)) throw error
    return []
  }
}

async function storedEnds(
  { db }: Pick<Context, 'db'>,
  { record, element, credentials, tokens, secrets }: StoredConnection,
): Promise<End[]> {
  const lasting = element.entries.flatMap(({ key, name, expiresAfterDays }) =>
    expiresAfterDays !== undefined && secrets.some(({ entry }) => entry === key)
      ? [{ key, name, days: expiresAfterDays }]
      : [],
  )
  const isRenewed =
    !tokens || renewalsOf(credentials.authentication, tokens.refreshToken !== null).length > 0
  if (isRenewed && lasting.length === 0) return []
  const dates = await findDates(db, record)
  const ends: End[] = []
  const { obtainedAt, expiresAt: at } = dates
  if (!isRenewed && obtainedAt && at) {
    const life = at.getTime() - obtainedAt.getTime()
    const from = earlier(at, Math.min(life * tokenMarginShare, longestTokenMarginMs))
    const reason = (date: string) =>
      `The access to ${element.name} ends on ${date} and cannot be renewed without a person. Connect the instance anew; its id and token stay.`
    ends.push({ at, from, reason })
  }
  for (const { key, name, days } of lasting) {
    const given = dates.secrets.find(({ entry }) => entry === key)?.createdAt
    if (!given) continue
    const at = new Date(given.getTime() + days * dayMs)
    const reason = (date: string) =>
      `${element.name} no longer accepts "${name}" after ${date}. Make a new one there, and send it with PATCH /instances/${record.id}.`
    ends.push({ at, from: earlier(at, Math.min(days * dayMs * 0.5, secretMarginMs)), reason })
  }
  return ends
}

function earlier(at: Date, ms: number): Date {
  return new Date(at.getTime() - ms)
}
