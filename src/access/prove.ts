import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { transaction } from '../database/database.ts'
import { Refusal } from '../http/errors.ts'
import { parseAuthorization } from './header.ts'
import { findPassword, isJustSignedIn } from './sign-in-store.ts'
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

/** For so long a bearer token proves that the password is known. */
const justSeconds = 300

/**
 * That it is the person who calls, for what outlives a bearer token: who has signed in with the
 * password a moment ago, as programs do, or sends it in the header `Elements-User-Password`.
 * @throws {Refusal} `password-wrong`, `sign-in-slowed`, `passwords-busy`
 */
export async function requirePerson(
  context: Pick<Context, 'db' | 'vault' | 'passwords'>,
  { principal: { organizationId, user }, headers, ip: address }: FastifyRequest,
) {
  const password = passwordIn(headers['elements-user-password']?.toString())
  if (password !== undefined) {
    const record = { organizationId, id: user.id, email: user.emailAddress }
    await proveIdentity(context, record, { password, address })
    return
  }
  const bearer = bearerOf(headers)
  const hashes = bearer === undefined ? [] : context.vault.hashes(bearer)
  if (bearer && (await isJustSignedIn(context.db, { organizationId, hashes }, justSeconds))) return
  throw new Refusal(
    'password-wrong',
    'What lasts longer than a bearer token is for who has signed in within the last five minutes, or sends the password in the header Elements-User-Password. Without a password, use the two secrets: with them POST /users/{id}/secret makes a new one.',
  )
}

/**
 * The same of whoever comes with a bearer token; who sends the two secrets has what lasts already.
 * @throws {Refusal} as `requirePerson` does
 */
export async function requirePersonOfBearer(
  context: Parameters<typeof requirePerson>[0],
  request: FastifyRequest,
) {
  if (bearerOf(request.headers) !== undefined) await requirePerson(context, request)
}

/** The bearer token that stands in the place of the two secrets, where one does. */
export function bearerOf({ authorization }: FastifyRequest['headers']): string | undefined {
  return parseAuthorization(authorization ?? '')?.bearer
}

/** A password as it was sent in a header, which Node reads as ISO 8859-1. */
export function passwordIn(header: string | undefined): string | undefined {
  return header === undefined ? undefined : Buffer.from(header, 'latin1').toString('utf8')
}

export function passwordWrong(): Refusal {
  return new Refusal('password-wrong', 'This is not the password of the user. Check it.')
}
