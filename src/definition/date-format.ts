import { TZDate } from '@date-fns/tz'
// By its own name: for each of the 300 modules behind the package's Node would read its large manifest,
// most of a second at each start.
import { format } from 'date-fns/format'

/** How one field is written: the token of date-fns that writes it so, or what it is. */
type Field = string | ((date: TZDate) => string)

const dayMs = 86_400_000
const weekdayOfMonth = (date: TZDate) => Math.ceil(date.getDate() / 7)
const localDay = (date: TZDate) =>
  Math.floor(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / dayMs)
const millisOfDay = (date: TZDate) =>
  ((date.getHours() * 60 + date.getMinutes()) * 60 + date.getSeconds()) * 1000 +
  date.getMilliseconds()
const modifiedJulian = 40_587
const offsetName = (token: string) => (date: TZDate) =>
  date.getTimezoneOffset() === 0 ? 'GMT' : format(date, token)
const padded = (length: number, count: (date: TZDate) => number) => (date: TZDate) =>
  String(count(date)).padStart(length, '0')
const upTo = (letter: string, most: number, least = 1) =>
  Array.from({ length: most - least + 1 }, (_, at) => letter.repeat(least + at))
const asIs = (...fields: string[]) => fields.map((field): [string, Field] => [field, field])

/**
 * The fields of Unicode TR35, "Date Format Patterns", that mean one thing everywhere, in English.
 * What depends on the week of a region (`Y`, `w`, `W`, `e` and `c` as numbers), on other calendars
 * (`U`) or on names of places (`v`, but for `VV`) is none of them.
 */
const fields: ReadonlyMap<string, Field> = new Map([
  ...asIs(...upTo('G', 5), ...upTo('y', 9), ...upTo('u', 9)),
  ...upTo('r', 9).map((run): [string, Field] => [run, 'u'.repeat(run.length)]),
  ...asIs(...upTo('Q', 5), ...upTo('q', 5), ...upTo('M', 5), ...upTo('L', 5)),
  ...asIs(...upTo('d', 2), ...upTo('D', 3)),
  ...asIs(...upTo('E', 6), ...upTo('e', 6, 3), ...upTo('c', 6, 3)),
  ...asIs(...upTo('a', 3), ...upTo('b', 3), ...upTo('B', 5)),
  ['aaaa', 'a'],
  ['aaaaa', 'aaaaa'],
  ...asIs(...upTo('h', 2), ...upTo('H', 2), ...upTo('k', 2), ...upTo('K', 2)),
  ...asIs(...upTo('m', 2), ...upTo('s', 2), ...upTo('S', 9)),
  ...asIs(...upTo('X', 5), ...upTo('x', 5)),
  ...upTo('Z', 3).map((run): [string, Field] => [run, 'xx']),
  ['ZZZZ', offsetName('OOOO')],
  ['ZZZZZ', 'XXXXX'],
  ['O', offsetName('O')],
  ['OOOO', offsetName('OOOO')],
  ...upTo('z', 3).map((run): [string, Field] => [run, offsetName('O')]),
  ['zzzz', offsetName('OOOO')],
  ['VV', (date) => date.timeZone ?? 'UTC'],
  ['F', (date) => String(weekdayOfMonth(date))],
  ...upTo('A', 9).map((run): [string, Field] => [run, padded(run.length, millisOfDay)]),
  ...upTo('g', 9).map((run): [string, Field] => [
    run,
    padded(run.length, (date) => localDay(date) + modifiedJulian),
  ]),
])

const part = /''|'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+/g

const options = { useAdditionalDayOfYearTokens: true }

/** Why a date cannot be written so: neither `unix`, `unixMillis` nor a pattern of TR35. */
export function findDateFormatFault(pattern: string): string | undefined {
  if (pattern === 'unix' || pattern === 'unixMillis') return undefined
  const example = 'a Unicode TR35 pattern such as yyyy-MM-dd, or unix, or unixMillis'
  if (pattern.length > 100) return 'has more than 100 characters'
  if (/\p{Cc}/u.test(pattern) || !pattern.isWellFormed()) {
    return `has a character that cannot be printed: it must be ${example}`
  }
  const parts = [...pattern.matchAll(part)]
  if (parts.map(([text]) => text).join('') !== pattern) {
    return `has a quote that is not closed: it must be ${example}`
  }
  const runs = parts.filter(([, , letter]) => letter !== undefined)
  if (runs.length === 0) return `has no field: it must be ${example}`
  const stranger = runs.find(([run]) => !fields.has(run))?.[0]
  return stranger && `has "${stranger}", which is no field: it must be ${example}`
}

/**
 * A moment as it is written there.
 * @param pattern one without fault
 * @param timeZone an IANA name
 */
export function writeDate(moment: Date, pattern: string, timeZone: string): string {
  if (pattern === 'unix') return String(Math.floor(moment.getTime() / 1000))
  if (pattern === 'unixMillis') return String(moment.getTime())
  const date = new TZDate(moment.getTime(), timeZone)
  return pattern.replace(part, (text, quoted?: string, letter?: string) => {
    if (text === "''") return "'"
    if (quoted !== undefined) return quoted.replaceAll("''", "'")
    if (letter === undefined) return text
    const field = fields.get(text)!
    return typeof field === 'string' ? format(date, field, options) : field(date)
  })
}
