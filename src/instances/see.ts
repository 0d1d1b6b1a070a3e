import type { Principal } from '../access/store.ts'
import type { Context } from '../context.ts'
import { lookUpInstance } from './find.ts'
import { findGoverned, type Shown, showGoverned } from './own.ts'

/**
 * The instance as its owner sees it; for an admin also another user's, without its token.
 * @throws {Refusal} `instance-not-found`
 */
export async function seeInstance(
  context: Pick<Context, 'db' | 'vault' | 'elements'>,
  principal: Principal,
  id: number,
): Promise<Shown> {
  const own = await lookUpInstance(context, principal, id)
  if (own) return own
  const named = { principal, id, keyInPath: undefined, ifMatch: undefined }
  const { row, element } = await findGoverned(context, named)
  return showGoverned(context, principal, row, element)
}
