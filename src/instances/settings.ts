import { Settings } from './schema.ts'

/** Every setting that cannot be used, and why. */
export function findSettingFaults(settings: Settings): { key: string; reason: string }[] {
  const { timeZone, dateFormat, rateLimitId, connectionPoolId } = settings
  const faults: { key: string; reason: string }[] = []
  if (timeZone !== undefined && !isTimeZone(timeZone)) {
    faults.push({ key: 'settings.timeZone', reason: 'is no IANA time zone, such as Europe/Paris' })
  }
  const fault = dateFormat === undefined ? undefined : findDateFormatFault(dateFormat)
  if (fault) faults.push({ key: 'settings.dateFormat', reason: fault })
  if (rateLimitId !== undefined) {
    faults.push({ key: 'settings.rateLimitId', reason: `names no rate limit: ${rateLimitId}` })
  }
  if (connectionPoolId !== undefined) {
    const reason = `names no connection pool: ${connectionPoolId}`
    faults.push({ key: 'settings.connectionPoolId', reason })
  }
  return faults
}

/** The settings that we know, and nothing else. */
export function keepSettings(settings: Settings): Settings {
  const kept: Settings = Object.fromEntries(
    Object.entries(settings).filter(([key]) => isSetting(key)),
  )
  const { rateLimits } = settings
  if (rateLimits) kept.rateLimits = rateLimits.map(({ amount, unit }) => ({ amount, unit }))
  return kept
}

/** The members that are none of them. */
export function findUnknownSettings(settings: object): string[] {
  return Object.keys(settings).filter((key) => !isSetting(key))
}

function isSetting(key: string): boolean {
  return Object.hasOwn(Settings.properties, key)
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return /[A-Za-z]/.test(name)
  } catch {
    return false
  }
}

const fieldLetters = 'GyYuUrQqMLwWdDFgEecabBhHKkmsSAzZOvVXx'

/** Unicode TR35, "Date Format Patterns": letters are fields, text stands between single quotes. */
function findDateFormatFault(pattern: string): string | undefined {
  if (pattern === 'unix' || pattern === 'unixMillis') return undefined
  const example = 'a Unicode TR35 pattern such as yyyy-MM-dd, or unix, or unixMillis'
  if (pattern.length > 100) return 'has more than 100 characters'
  if (/\p{Cc}/u.test(pattern) || !pattern.isWellFormed()) {
    return `has a character that cannot be printed: it must be ${example}`
  }
  const fields = pattern.replaceAll("''", '').replace(/'[^']*'/g, '')
  if (fields.includes("'")) return `has a quote that is not closed: it must be ${example}`
  const letters = fields.match(/[A-Za-z]/g) ?? []
  if (letters.length === 0) return `has no field: it must be ${example}`
  const stranger = letters.find((letter) => !fieldLetters.includes(letter))
  return stranger && `has "${stranger}", which is no field: it must be ${example}`
}
