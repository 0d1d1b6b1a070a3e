import { Refusal } from '../http/errors.ts'

/** Where an entry stands among the others. */
export interface Moment {
  at: Date
  id: number
}

/** @throws {Refusal} `parameters-invalid` for a token that is none of ours */
export function readMoment(token: string | undefined): Moment | undefined {
  if (token === undefined) return undefined
  const [at = Number.NaN, id = Number.NaN] = Buffer.from(token, 'base64url')
    .toString()
    .split('.')
    .map(Number)
  const moment = { at: new Date(at), id }
  // Nothing is older than that, and PostgreSQL knows no dates of long ago.
  if (Number.isSafeInteger(id) && moment.at.getTime() >= 0 && tokenOf(moment) === token) {
    return moment
  }
  throw new Refusal(
    'parameters-invalid',
    'nextPage is no page of ours. Send what the page before answered as Elements-Next-Page-Token, or leave it out.',
  )
}

/** Names the page behind this entry. */
export function tokenOf({ at, id }: Moment): string {
  return Buffer.from(`${at.getTime()}.${id}`).toString('base64url')
}

/**
 * A time as RFC 3339 writes it, or a date, which begins at midnight UTC.
 * @throws {Refusal} `parameters-invalid`, naming the parameter
 */
export function readTime(name: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  const time = new Date(text)
  const shape = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/i
  if (shape.test(text) && !Number.isNaN(time.getTime())) return time
  throw new Refusal(
    'parameters-invalid',
    `${name} is no time. Write it as 2026-01-31 or 2026-01-31T09:30:00Z, its "+" as %2B.`,
  )
}
