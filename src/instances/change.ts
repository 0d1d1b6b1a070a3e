import { isDeepStrictEqual } from 'node:util'
import type { Context } from '../context.ts'
import type { Element } from '../definition/element.ts'
import { Refusal } from '../http/errors.ts'
import { findLimited } from '../limits/limited-by.ts'
import { tokenEntry } from '../vault/token.ts'
import { connectAnew } from './change-connection.ts'
import { keepChange } from './change-keep.ts'
import type { ChangeRequest } from './change-request.ts'
import { readTexts, refuseSettings } from './change-texts.ts'
import type { StoredRow } from './connection-store.ts'
import { findOwn, instanceBusy, type Shown } from './own.ts'
import { findStrangers } from './request.ts'
import type { ElementInstanceRequest } from './schema.ts'
import { tokensEntry } from './tokens.ts'

const maxAttempts = 4

/** The members that say how an instance connects. */
const connecting = [
  'configuration',
  'authentication',
  'externalAuthentication',
  'providerData',
  'verify',
] as const

/**
 * Changes an instance whole or not at all. How it connects is proved at the vendor before anything is
 * stored; of two changes at once, the later one is made to what the other has left, so that no
 * instance is a mixture of both.
 * @throws {Refusal} with everything as it was
 */
export async function changeInstance(context: Context, request: ChangeRequest): Promise<Shown> {
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const { row, element } = await findOwn(context, request)
    requireElement(request, element)
    const shown = await attemptChange(context, request, row, element)
    if (shown === 'spent') break
    if (shown) {
      if (request.body.settings !== undefined) await heedLimits(context, shown, row, element)
      return remark(shown, request)
    }
  }
  throw instanceBusy()
}

/** New limits are in force for calls that wait already as well. */
async function heedLimits(
  context: Context,
  { instance: { id, settings }, revision }: Shown,
  { organizationId }: StoredRow,
  element: Element,
) {
  const limits = { ...settings, concurrency: element.settings?.concurrency }
  const limited = await findLimited(context, { organizationId, id, revision }, limits)
  if (limited) await context.limiter.heed(limited)
}

/** What was not done as asked, in this answer alone. */
function remark({ instance, revision, proved }: Outcome, request: ChangeRequest): Shown {
  const before = new Set(instance.warnings.map(({ key }) => key))
  const body = { name: instance.name, ...request.body } as ElementInstanceRequest
  const remarks = findStrangers(body).filter(({ key }) => !before.has(key))
  if (proved && !request.reAuthenticate) {
    const message = 'is false, and what was changed was proved all the same: it connects otherwise'
    remarks.push({ key: 'reAuthenticate', message })
  }
  return { instance: { ...instance, warnings: [...instance.warnings, ...remarks] }, revision }
}

interface Outcome extends Shown {
  /** Whether the vendor was asked. */
  proved: boolean
}

/** Undefined where somebody else changed the instance meanwhile. */
async function attemptChange(
  context: Context,
  request: ChangeRequest,
  row: StoredRow,
  element: Element,
): Promise<Outcome | 'spent' | undefined> {
  const texts = readTexts(row, element, request)
  const { settings } = texts.record
  const isConnecting = connecting.some((member) => request.body[member] !== undefined)
  if (!isConnecting) await refuseSettings(context, row, settings)
  const anew = isConnecting
    ? await connectAnew(context, request, row, element, settings)
    : undefined
  if (isConnecting && !anew) return undefined
  const proved = anew?.proved ?? false
  const keep = (current: StoredRow) =>
    keepChange(context, request, current, element, readTexts(current, element, request), anew)
  const kept = await keep(row)
  if (kept) return { ...kept, proved }
  if (!anew?.spent) return undefined
  const shown = await keepAgain(context, request, row, keep)
  return shown ? { ...shown, proved } : 'spent'
}

/** What was yielded once only is not lost where others refreshed tokens, or changed a name. */
async function keepAgain(
  context: Context,
  request: ChangeRequest,
  before: StoredRow,
  keep: (row: StoredRow) => Promise<Shown | undefined>,
): Promise<Shown | undefined> {
  for (let attempt = 1; attempt < maxAttempts; attempt += 1) {
    const { row } = await findOwn(context, request)
    if (!connectsAs(row, before)) return undefined
    const shown = await keep(row)
    if (shown) return shown
  }
  return undefined
}

/** Whether an instance connects as it did, but for tokens, which may have been renewed. */
function connectsAs(now: StoredRow, before: StoredRow): boolean {
  const describe = ({ secrets, ...row }: StoredRow) => [
    [row.configuration, row.authenticationType, row.oauthAppId, row.externalAuthentication],
    secrets
      .filter(({ entry }) => entry !== tokensEntry && entry !== tokenEntry)
      .map(({ entry, secretVersion }) => `${entry} ${secretVersion}`)
      .sort(),
  ]
  return isDeepStrictEqual(describe(now), describe(before))
}

/** An instance stays with its element. */
function requireElement({ body: { element: named = {} } }: ChangeRequest, element: Element) {
  const { key = element.key, id = element.id } = named
  if (key === element.key && id === element.id) return
  throw new Refusal('body-invalid', {
    message: `This is an instance of "${element.key}", and stays one. Provision another instance for another element.`,
    invalid: [{ key: 'element', reason: `is not "${element.key}"` }],
  })
}
