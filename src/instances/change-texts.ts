import { isDeepStrictEqual } from 'node:util'
import type { Context } from '../context.ts'
import type { Element } from '../definition/element.ts'
import { Refusal } from '../http/errors.ts'
import type { ChangeRequest } from './change-request.ts'
import type { StoredRow } from './connection-store.ts'
import { stripMarkup } from './markup.ts'
import { readTexts as readGiven } from './request.ts'
import type { Settings } from './schema.ts'
import { judgeSettings, keepSettings, showSettings } from './settings.ts'
import type { InstanceRecord } from './store.ts'

/** What no vendor is concerned with. */
export interface ChangedTexts {
  record: Pick<InstanceRecord, 'name' | 'tags' | 'externalId' | 'settings'>
  /** Which of it is not as it was. */
  members: string[]
}

/** @throws {Refusal} for what cannot be stored; settings are for `refuseSettings` to judge */
export function readTexts(
  row: StoredRow,
  element: Element,
  { body, manner }: Pick<ChangeRequest, 'body' | 'manner'>,
): ChangedTexts {
  const { name = row.name, tags = row.tags, externalId = row.externalId, settings } = body
  const isSame = name === row.name
  const given = readGiven({ name: isSame ? 'as before' : name, tags, externalId })
  // What is stored has no markup any more; what looks like some stays.
  const kept = tags.map((tag) => (row.tags.includes(tag) ? tag : stripMarkup(tag)))
  const record = {
    name: isSame ? name : given.name,
    tags: [...new Set(kept.filter((tag) => tag !== ''))],
    externalId,
    settings: settings ? changeSettings(row.settings, element, settings, manner) : row.settings,
  }
  const members = Object.entries(record).flatMap(([key, value]) =>
    isDeepStrictEqual(value, row[key as keyof typeof record]) ? [] : [key],
  )
  return { record, members }
}

/** What an answer shows of an element's defaults is not given when it comes back. */
function changeSettings(
  before: Settings,
  element: Element,
  given: NonNullable<ChangeRequest['body']['settings']>,
  manner: ChangeRequest['manner'],
): Settings {
  const defaults: Record<string, unknown> = showSettings(element, {})
  const stated = Object.entries(given).filter(
    ([key, value]) =>
      Object.hasOwn(before, key) || !isDeepStrictEqual(value, defaults[key] ?? null),
  )
  const all = { ...(manner === 'merge' && before), ...Object.fromEntries(stated) }
  const set = Object.entries(all).filter(([, value]) => value !== null)
  return keepSettings(Object.fromEntries(set))
}

/** @throws {Refusal} `settings-invalid` */
export async function refuseSettings(
  context: Pick<Context, 'db'>,
  owner: { organizationId: number; userId: number },
  settings: Settings,
) {
  const invalid = await judgeSettings(context, owner, settings)
  if (invalid.length === 0) return
  const message = invalid.map(({ key, reason }) => `"${key}" ${reason}.`).join(' ')
  throw new Refusal('settings-invalid', { message, invalid })
}
