import type { Context } from '../context.ts'
import { transaction } from '../database/database.ts'
import { Refusal } from '../http/errors.ts'
import { type Deed, insertElementEntry } from './changes-store.ts'
import type { KnownElement } from './elements.ts'
import { getElement } from './find.ts'
import { refuseInUse } from './in-use.ts'
import { deleteInstallation, insertInstallation, updateInstallation } from './install-store.ts'

type Needs = Pick<Context, 'db' | 'elements'>

/** Makes an element one that the organization uses; one that it uses already stays as it is. */
export async function install({ db, elements }: Needs, deed: Deed, known: KnownElement) {
  if (known.installed !== undefined) return
  await insertInstallation(db, deed, known)
  elements.forget(deed.organizationId)
}

/** Makes the current version the one that new instances get. */
export async function installCurrent({ db, elements }: Needs, deed: Deed, known: KnownElement) {
  const { id, key, current: version } = known
  await transaction(db, async (tx) => {
    await updateInstallation(tx, deed, { id, key, version })
    await insertElementEntry(tx, deed, 'element.updated', { id, key, version })
  })
  elements.forget(deed.organizationId)
}

/** @throws {Refusal} `element-in-use` while instances exist */
export async function uninstall({ db, elements }: Needs, deed: Deed, keyOrId: string) {
  const { organizationId } = deed
  const known = await getElement(elements, organizationId, keyOrId)
  const { id, key, version } = known
  await transaction(db, async (tx) => {
    if (await deleteInstallation(tx, deed, known)) {
      await insertElementEntry(tx, deed, 'element.uninstalled', { id, key, version })
      return
    }
    await refuseInUse(tx, { organizationId, id }, 'Delete them first.')
    throw new Refusal('element-not-installed', `Your organization does not use "${key}".`)
  }).finally(() => elements.forget(organizationId))
}
