import type { Principal } from '../access/store.ts'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { tokenEntry } from '../vault/token.ts'
import { caller } from '../vault/vault.ts'
import { showInstance } from './answer.ts'
import type { Instance } from './schema.ts'
import { findInstance, ownerOf } from './store.ts'

type Needs = Pick<Context, 'db' | 'vault' | 'elements'>

/** @throws {Refusal} `instance-not-found` where it is not there or not the caller's */
export async function getInstance(
  context: Needs,
  principal: Principal,
  id: number,
): Promise<{ instance: Instance; revision: number }> {
  const found = await lookUpInstance(context, principal, id)
  if (!found) throw instanceNotFound(id)
  return found
}

/** Undefined where it is not there or not the caller's. */
export async function lookUpInstance(
  { db, vault, elements }: Needs,
  { organizationId, user }: Principal,
  id: number,
): Promise<{ instance: Instance; revision: number } | undefined> {
  const record = await findInstance(db, { organizationId, id, userId: user.id })
  const token = record?.secrets.find((secret) => secret.entry === tokenEntry)
  if (!record || !token?.sealed) return undefined
  const place = { organizationId, owner: ownerOf(id), ...token }
  const instance = showInstance({
    record,
    element: await elements.versionOf(organizationId, record.elementId, record.elementVersion),
    user,
    secretKeys: record.secrets.filter((secret) => secret !== token).map((secret) => secret.entry),
    token: await vault.open(place, token.sealed, caller),
  })
  return { instance, revision: record.revision }
}

export function instanceNotFound(id: number): Refusal {
  return new Refusal(
    'instance-not-found',
    `You have no instance with the id ${id}. Check the id, and whose secrets you sent.`,
  )
}
