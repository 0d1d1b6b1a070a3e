import type { Context } from '../context.ts'
import type { Element } from '../definition/element.ts'
import type { Deed } from '../elements/changes-store.ts'
import { compareVersions } from '../elements/difference.ts'
import type { KnownElement } from '../elements/elements.ts'
import { getElement } from '../elements/find.ts'
import { installCurrent } from '../elements/install.ts'
import { Refusal } from '../http/errors.ts'
import { fit, type Misfit } from './fit.ts'
import type { ElementUpdate, ElementUpdated, UpdateBreak } from './update-schema.ts'
import { type BehindInstance, moveInstances, pagesBehind } from './update-store.ts'

type Needs = Pick<Context, 'db' | 'elements'>

const maxBreaks = 100
const patienceMs = 10_000

/** What an update would do; of many instances, as far as ten seconds of looking at them reach. */
export async function describeUpdate(
  { db, elements }: Needs,
  organizationId: number,
  keyOrId: string,
): Promise<ElementUpdate> {
  const { known, from, to, element } = await readUpdate(elements, organizationId, keyOrId)
  const old = await elements.versionOf(organizationId, known.id, from)
  const deadline = performance.now() + patienceMs
  const behind = { organizationId, elementId: known.id, version: to }
  const found = await findBreaks({ db }, behind, element, deadline)
  return { from, to, available: from !== to, ...compareVersions(old, element), ...found }
}

/**
 * Makes the current version the one that is used, and points the instances at it that fit it.
 * @param keep whether those that do not fit stay as they are
 * @throws {Refusal} `element-update-breaks` where some do not and may not; nothing was changed then
 */
export async function applyUpdate(
  context: Needs,
  deed: Deed,
  keyOrId: string,
  keep: boolean,
): Promise<ElementUpdated> {
  const { db, elements } = context
  const { organizationId } = deed
  const { known, from, to, element } = await readUpdate(elements, organizationId, keyOrId)
  const behind = { organizationId, elementId: known.id, version: to }
  if (!keep) {
    const { breaks, complete } = await findBreaks({ db }, behind, element, Number.POSITIVE_INFINITY)
    if (breaks.length > 0) throw refuse(breaks, complete)
  }
  if (from !== to) await installCurrent(context, deed, known)
  const update: ElementUpdated = { from, to, moved: 0, kept: 0, breaks: [] }
  for await (const page of pagesBehind(db, behind)) {
    const fits = page.map((instance) => ({ ...instance, ...fit(instance, element) }))
    const misfits = fits.filter(isMisfit)
    const ready = fits.filter((instance) => !isMisfit(instance))
    const moved = ready.length > 0 ? await moveInstances(db, behind, ready, deed) : 0
    update.moved += moved
    update.kept += page.length - moved
    update.breaks.push(...misfits.slice(0, maxBreaks - update.breaks.length).map(showBreak))
  }
  return update
}

interface UpdateAsked {
  known: KnownElement
  from: string
  to: string
  /** The definition that the update leads to. */
  element: Element
}

async function readUpdate(
  elements: Context['elements'],
  organizationId: number,
  keyOrId: string,
): Promise<UpdateAsked> {
  const known = await getElement(elements, organizationId, keyOrId)
  const { installed: from, current: to } = known
  if (from === undefined) {
    throw new Refusal(
      'element-not-installed',
      `Your organization does not use "${known.key}": there is nothing to update.`,
    )
  }
  return { known, from, to, element: await elements.versionOf(organizationId, known.id, to) }
}

async function findBreaks(
  { db }: Pick<Context, 'db'>,
  behind: { organizationId: number; elementId: number; version: string },
  element: Element,
  deadline: number,
): Promise<Pick<ElementUpdate, 'breaks' | 'complete'>> {
  const breaks: UpdateBreak[] = []
  for await (const page of pagesBehind(db, behind)) {
    const misfits = page
      .map((instance) => ({ ...instance, ...fit(instance, element) }))
      .filter(isMisfit)
    breaks.push(...misfits.map(showBreak))
    if (breaks.length > maxBreaks || performance.now() > deadline) {
      return { breaks: breaks.slice(0, maxBreaks), complete: false }
    }
  }
  return { breaks, complete: true }
}

function isMisfit({ misfits }: { misfits: Misfit[] }): boolean {
  return misfits.length > 0
}

function showBreak({
  id,
  name,
  misfits: reasons,
}: BehindInstance & { misfits: Misfit[] }): UpdateBreak {
  return { id, name, reasons }
}

function refuse(references: UpdateBreak[], complete: boolean): Refusal {
  const count = complete ? references.length : `more than ${references.length}`
  return new Refusal('element-update-breaks', {
    message: `Nothing was changed. Instances that the update would break: ${count}. Change or delete them first, or leave them at their version with ?keep=true.`,
    references,
  })
}
