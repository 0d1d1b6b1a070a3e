import type { Context } from '../context.ts'
import { type Db, transaction } from '../database/database.ts'
import { isReferenced, isTaken } from '../database/failure.ts'
import { Refusal } from '../http/errors.ts'
import { versionName } from './catalog.ts'
import { type Deed, insertElementEntry } from './changes-store.ts'
import type { Elements, KnownElement } from './elements.ts'
import { getElement } from './find.ts'
import { refuseInUse } from './in-use.ts'
import { checkOwnDefinition, ownDefinitionOf, refuseDefinition } from './own-definition.ts'
import {
  deleteOwn,
  insertOwn,
  lockAndCountOwn,
  nextOwnId,
  setOwnActive,
  updateOwn,
} from './own-store.ts'

type Needs = Pick<Context, 'db' | 'elements'>

const maxOwn = 200

/** @throws {Refusal} for a definition with problems, a key that is taken, or one element too many */
export async function createOwn(
  { db, elements }: Needs,
  deed: Deed,
  given: unknown,
): Promise<KnownElement> {
  const { organizationId } = deed
  const id = await nextOwnId(db)
  const { element, faults } = checkOwnDefinition(given, { id })
  if (!element) throw refuseDefinition(faults)
  if (elements.isCatalogued(element.key)) throw keyTaken(element.key)
  const version = versionName(element)
  await change(db, elements, deed, element.key, async (tx) => {
    if ((await lockAndCountOwn(tx, organizationId)) >= maxOwn) {
      throw new Refusal(
        'elements-too-many',
        `An organization may have ${maxOwn} elements of its own. Delete one that nothing uses.`,
      )
    }
    await insertOwn(tx, { ...deed, element, version })
    await insertElementEntry(tx, deed, 'element.created', { ...element, version })
  })
  return getElement(elements, organizationId, String(id))
}

/**
 * Makes it what new instances get; those that there are stay at their version.
 * @throws {Refusal} for a definition with problems, or another key while instances know the old one
 */
export async function replaceOwn(
  { db, elements }: Needs,
  deed: Deed,
  keyOrId: string,
  given: unknown,
): Promise<KnownElement> {
  const { organizationId } = deed
  const found = await getOwn(elements, organizationId, keyOrId)
  const { element, faults } = checkOwnDefinition(given, found)
  if (!element) throw refuseDefinition(faults)
  if (element.key !== found.key) {
    if (elements.isCatalogued(element.key)) throw keyTaken(element.key)
    await refuseInUse(db, { organizationId, id: found.id }, `It keeps the key "${found.key}".`)
  }
  const version = versionName(element)
  await change(db, elements, deed, element.key, async (tx) => {
    if (!(await updateOwn(tx, { ...deed, element, version }))) throw gone()
    await insertElementEntry(tx, deed, 'element.changed', { ...element, version })
  })
  return getElement(elements, organizationId, String(found.id))
}

/** @throws {Refusal} `element-in-use` while instances exist */
export async function removeOwn({ db, elements }: Needs, deed: Deed, keyOrId: string) {
  const { organizationId } = deed
  const found = await getOwn(elements, organizationId, keyOrId)
  const refuse = () => refuseInUse(db, { organizationId, id: found.id }, 'Delete them first.')
  await refuse()
  try {
    await change(db, elements, deed, found.key, async (tx) => {
      if (!(await deleteOwn(tx, { organizationId, id: found.id }))) throw gone()
      await insertElementEntry(tx, deed, 'element.deleted', found)
    })
  } catch (error) {
    // Somebody provisioned one meanwhile.
    if (isReferenced(error)) await refuse()
    throw error
  }
}

/** An own element that starts as this one is, of the catalogue or own. */
export async function cloneElement(
  { db, elements }: Needs,
  deed: Deed,
  keyOrId: string,
  given: { name?: string; key?: string },
): Promise<KnownElement> {
  const { element } = await getElement(elements, deed.organizationId, keyOrId)
  const { key: _, ...definition } = ownDefinitionOf(element)
  const { name = `${element.name} copy`, key } = given
  return createOwn({ db, elements }, deed, { ...definition, name, ...(key && { key }) })
}

/** An element that is not active keeps its instances, and gets no new ones. */
export async function activateOwn(
  { db, elements }: Needs,
  deed: Deed,
  keyOrId: string,
  active: boolean,
): Promise<KnownElement> {
  const { organizationId } = deed
  const found = await getOwn(elements, organizationId, keyOrId)
  const action = active ? 'element.activated' : 'element.deactivated'
  await change(db, elements, deed, found.key, async (tx) => {
    if (!(await setOwnActive(tx, { ...deed, id: found.id, active }))) throw gone()
    await insertElementEntry(tx, deed, action, found)
  })
  return getElement(elements, organizationId, String(found.id))
}

/** Whoever changes something reads it again as it is now, whatever this process remembers. */
async function change(
  db: Db,
  elements: Elements,
  { organizationId }: Deed,
  key: string,
  work: (tx: Db) => Promise<void>,
) {
  try {
    await transaction(db, work)
  } catch (error) {
    throw isTaken(error) ? keyTaken(key) : error
  } finally {
    elements.forget(organizationId)
  }
}

async function getOwn(
  elements: Elements,
  organizationId: number,
  keyOrId: string,
): Promise<KnownElement> {
  const found = await getElement(elements, organizationId, keyOrId)
  if (found.own) return found
  throw new Refusal(
    'element-not-own',
    `"${found.key}" belongs to the catalogue. Clone it, and change the clone.`,
  )
}

function keyTaken(key: string): Refusal {
  return new Refusal(
    'element-key-taken',
    `There is an element "${key}" already, of the catalogue or your own. Name another "key".`,
  )
}

function gone(): Refusal {
  return new Refusal('element-not-found', 'Somebody else deleted this element meanwhile.')
}
