import { TZDate } from '@date-fns/tz'
import { format } from 'date-fns'

/** A moment as the vendor would get it; a sentence where the pattern is none. */
export function formatExample(at: Date, pattern: string, timeZone: string): string {
  if (pattern === 'unix') return String(Math.floor(at.getTime() / 1000))
  if (pattern === 'unixMillis') return String(at.getTime())
  try {
    return format(new TZDate(at, timeZone || 'UTC'), pattern)
  } catch {
    return 'not a pattern that dates can be written by'
  }
}
