import { writeDate } from '../definition/date-format.ts'
import { Refusal } from '../http/errors.ts'

/** How an instance's vendor wants dates. */
export interface DateSettings {
  timeZone?: string | undefined
  dateFormat?: string | undefined
}

const defaults = { timeZone: 'UTC', dateFormat: "yyyy-MM-dd'T'HH:mm:ssXXX" }

const brace = /(?:\{|%7b){2}/i
const placeholder = /(?:\{|%7b){2}((?:\+|%20|\s)*date(?=\+|%20|\s|\}|%7d).*?)(?:\}|%7d){2}/gi
/** RFC 3339, section 5.6; seconds may be left out. An unencoded "+" reads as a space. */
const moment =
  /^date +(?:(now)|(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:[Zz]|([+ -])(\d\d):?(\d\d)))$/i

/**
 * The path and query of a call with the dates that stand as `{{date 2026-11-22T10:00:00Z}}`, or as
 * `{{date now}}`, in values of its query written as the vendor wants them. All else stays as it was sent.
 * @throws {Refusal} `placeholder-invalid`
 */
export function fillPlaceholders(path: string, settings: DateSettings): string {
  const start = path.indexOf('?')
  if (start < 0 || !brace.test(path)) return path
  const parameters = path.slice(start + 1).split('&')
  const filled = parameters.map((parameter) => {
    const at = parameter.indexOf('=')
    if (at < 0) return parameter
    const value = parameter.slice(at + 1)
    const written = value.replace(placeholder, (_, inside: string) => fill(inside, settings))
    return parameter.slice(0, at + 1) + written
  })
  return path.slice(0, start + 1) + filled.join('&')
}

function fill(inside: string, { timeZone, dateFormat }: DateSettings): string {
  const at = readMoment(decode(inside))
  if (!at) {
    throw new Refusal(
      'placeholder-invalid',
      'A date in the query has to stand as {{date 2026-11-22T10:00:00Z}}, with its time and "Z" or an offset such as +01:00, or as {{date now}}.',
    )
  }
  return encodeURIComponent(
    writeDate(at, dateFormat ?? defaults.dateFormat, timeZone ?? defaults.timeZone),
  )
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
      .replace(/^[\s+]+|[\s+]+$/g, '')
      .replace(/^date[\s+]+/i, 'date ')
  } catch {
    return ''
  }
}

function readMoment(text: string): Date | undefined {
  const match = moment.exec(text)
  if (!match) return undefined
  const [, now, ...parts] = match
  if (now) return new Date()
  const [year, month, day, hour, minute, second] = parts
    .slice(0, 6)
    .map((part) => Number(part ?? 0)) as [number, number, number, number, number, number]
  const [fraction = '', sign, hours = '0', minutes = '0'] = parts.slice(6)
  const millis = Number(fraction.padEnd(3, '0').slice(0, 3))
  const local = new Date(0)
  local.setUTCFullYear(year, month - 1, day)
  local.setUTCHours(hour, minute, second, millis)
  // What a calendar does not have, such as 30 February, has become another day.
  const exists = local.getUTCMonth() === month - 1 && local.getUTCDate() === day
  if (!exists || hour > 23 || minute > 59 || second > 59) return undefined
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1)
  return new Date(local.getTime() - offset * 60_000)
}
