import type { Context } from '../context.ts'
import { transaction } from '../database/database.ts'
import { Refusal } from '../http/errors.ts'
import { findPassword } from './sign-in-store.ts'
import { admitTry } from './slow-down.ts'
import type { UserRecord } from './user-store.ts'

/**
 * That the caller knows the user's password; who guesses is slowed down as when signing in.
 * @returns the hash that it was compared with
 * @throws {Refusal} `password-wrong`, `sign-in-slowed`, `passwords-busy`
 */
export async function proveIdentity(
  context: Pick<Context, 'db' | 'vault' | 'passwords'>,
  { organizationId, id: userId, email }: Pick<UserRecord, 'organizationId' | 'id' | 'email'>,
  { password, address }: { password: string; address: string },
): Promise<string> {
  context.passwords.requireRoom()
  const attempt = await admitTry(context, { email, address })
  const hash = await findPassword(context.db, { organizationId, userId })
  const { matches } = await context.passwords.compare(password, hash)
  if (!matches || hash === undefined) throw passwordWrong()
  await transaction(context.db, (tx) => attempt.succeed(tx))
  return hash
}

/** A password as it was sent in a header, which Node reads as ISO 8859-1. */
export function passwordIn(header: string | undefined): string | undefined {
  return header === undefined ? undefined : Buffer.from(header, 'latin1').toString('utf8')
}

export function passwordWrong(): Refusal {
  return new Refusal('password-wrong', 'This is not the password of the user. Check it.')
}
