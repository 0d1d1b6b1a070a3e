import { isAdmin } from '../access/ownership.ts'
import type { Principal } from '../access/store.ts'
import type { Context } from '../context.ts'
import { isReferenced } from '../database/failure.ts'
import { Refusal } from '../http/errors.ts'
import { type Asked, deedOf } from './app-add.ts'
import { notFound, requireOwner, requireVisible } from './app-permission.ts'
import { deleteApp, findApp } from './app-store.ts'
import { type AppUse, listUses } from './app-uses.ts'

const maxReferences = 100

/**
 * Deletes an app profile with its secret.
 * @throws {Refusal} `oauth-app-in-use`, with the instances that the caller may see
 */
export async function removeApp({ db }: Pick<Context, 'db'>, asked: Asked & { id: number }) {
  const { principal, id } = asked
  const { organizationId } = principal
  const key = { organizationId, id }
  requireOwner(principal, requireVisible(principal, id, await findApp(db, key)))
  try {
    if (!(await deleteApp(db, key, deedOf(asked)))) throw notFound(id)
  } catch (error) {
    if (!isReferenced(error)) throw error
    const limit = maxReferences
    throw inUse(principal, await listUses(db, { organizationId, oauthAppId: id, limit }))
  }
}

function inUse(principal: Principal, uses: AppUse[]): Refusal {
  const isSeen = ({ userId }: AppUse) => isAdmin(principal) || userId === principal.user.id
  const seen = uses.filter(isSeen)
  const hidden = uses.length - seen.length
  const others = hidden > 0 ? ` (${hidden} of them of other users)` : ''
  const instances = uses.length === 1 ? '1 instance uses' : `${uses.length} instances use`
  return new Refusal('oauth-app-in-use', {
    message: `${instances} this app profile${others}. Delete them first, or replace the app profile instead.`,
    references: seen.map(({ id, name }) => ({ id, name })),
  })
}
