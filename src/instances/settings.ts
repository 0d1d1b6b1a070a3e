import type { Context } from '../context.ts'
import { findDateFormatFault } from '../definition/date-format.ts'
import type { Element } from '../definition/element.ts'
import { isTimeZone } from '../definition/settings.ts'
import { findSharedFaults } from '../limits/shared.ts'
import { Settings } from './schema.ts'

/** Every setting that cannot be used by any instance, and why. */
export function findSettingFaults(settings: Settings): { key: string; reason: string }[] {
  const { timeZone, dateFormat, rateLimitId, rateLimits } = settings
  const faults: { key: string; reason: string }[] = []
  if (timeZone !== undefined && !isTimeZone(timeZone)) {
    faults.push({ key: 'settings.timeZone', reason: 'is no IANA time zone, such as Europe/Paris' })
  }
  const fault = dateFormat === undefined ? undefined : findDateFormatFault(dateFormat)
  if (fault) faults.push({ key: 'settings.dateFormat', reason: fault })
  if (rateLimitId !== undefined && rateLimits !== undefined) {
    const reason = 'takes the place of rateLimits: give one of them'
    faults.push({ key: 'settings.rateLimitId', reason })
  }
  return faults
}

/** The same for an instance of this user, which may not name what is somebody else's. */
export async function judgeSettings(
  context: Pick<Context, 'db'>,
  owner: { organizationId: number; userId: number },
  settings: Settings,
): Promise<{ key: string; reason: string }[]> {
  return [...findSettingFaults(settings), ...(await findSharedFaults(context, owner, settings))]
}

/** The settings that we know, and nothing else. */
export function keepSettings(settings: Settings): Settings {
  const kept: Settings = Object.fromEntries(
    Object.entries(settings).filter(([key]) => isSetting(key)),
  )
  const { rateLimits } = settings
  if (rateLimits)
    kept.rateLimits = rateLimits.map(({ amount, unit, every }) => ({
      amount,
      unit,
      ...(every !== undefined && { every }),
    }))
  return kept
}

/** What was given, and for the rest what the element's instances start from. */
export function showSettings({ settings }: Pick<Element, 'settings'>, given: Settings): Settings {
  const { concurrency: _, verifyEveryHours: __, ...defaults } = settings ?? {}
  return { ...defaults, ...given }
}

/** The members that are none of them. */
export function findUnknownSettings(settings: object): string[] {
  return Object.keys(settings).filter((key) => !isSetting(key))
}

function isSetting(key: string): boolean {
  return Object.hasOwn(Settings.properties, key)
}
