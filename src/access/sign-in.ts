import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { type Db, transaction } from '../database/database.ts'
import { Refusal } from '../http/errors.ts'
import { createToken, readToken } from '../vault/token.ts'
import { readEmail } from './email.ts'
import { unknownUser } from './identify.ts'
import {
  deleteSignInToken,
  findLogin,
  holdLogin,
  insertSignInToken,
  keepPassword,
  type Login,
} from './sign-in-store.ts'
import { admitTry } from './slow-down.ts'
import { findCaller, type Principal } from './store.ts'

type SignInContext = Pick<Context, 'db' | 'vault' | 'passwords'>

/** From where somebody signs in, and in which request. */
type Origin = Pick<Deed, 'requestId'> & { address: string }

/** What stands for a person until it ends or is signed out; told this once. */
export interface SignedIn {
  token: string
  expiresAt: Date
}

const bearerSeconds = 12 * 3600
const codeSeconds = 600

/**
 * Signs a person in by e-mail address and password. Whether the address is known shows neither in
 * the refusal nor in how long it takes.
 * @throws {Refusal} `sign-in-refused`, `sign-in-slowed`, `passwords-busy`
 */
export async function signIn(
  context: SignInContext,
  { username, password }: { username: string; password: string },
  origin: Origin,
): Promise<SignedIn> {
  const { db, passwords } = context
  const email = username.trim().toLowerCase()
  passwords.requireRoom()
  const attempt = await admitTry(context, { email, address: origin.address })
  // What is no address is nobody's, and may be what no database can be asked for.
  const login = readEmail(email) === undefined ? undefined : await findLogin(db, email)
  const { matches, outdated } = await passwords.compare(password, login?.hash)
  if (!login || !matches) throw refused()
  const stronger = outdated ? await passwords.hash(password) : undefined
  return transaction(db, async (tx) => {
    // What was compared may have been changed meanwhile.
    if (!(await holdLogin(tx, login))) throw refused()
    await attempt.succeed(tx)
    if (stronger) await keepPassword(tx, { ...login, hash: stronger })
    return giveBearer({ ...context, db: tx }, login, origin)
  })
}

/**
 * A code that signs the user in once, within ten minutes, such as for a link that an operator prints.
 * Only its hash is kept.
 */
export function createSignInCode(
  { db, vault }: Pick<Context, 'db' | 'vault'>,
  { organizationId, userId }: Omit<Login, 'hash'>,
  deed: Deed,
): Promise<string> {
  return transaction(db, async (tx) => {
    const code = createToken('signIn', organizationId)
    await insertSignInToken(
      tx,
      { organizationId, userId, ...vault.hash(code), bySecrets: false },
      codeSeconds,
    )
    const detail = { userId }
    await insertAuditEntry(tx, deed, 'user.sign-in-code-created', { ownerId: userId, detail })
    return code
  })
}

/**
 * Signs a person in by such a code, which is spent then.
 * @throws {Refusal} `sign-in-refused`
 */
export async function signInByCode(
  context: Pick<Context, 'db' | 'vault'>,
  code: string,
  origin: Origin,
): Promise<SignedIn> {
  const { db, vault } = context
  const organizationId = readToken('signIn', code)
  if (organizationId === undefined) throw codeRefused()
  const spend = () =>
    transaction(db, async (tx) => {
      const hashes = vault.hashes(code)
      const userId = await deleteSignInToken(tx, { organizationId, hashes })
      if (userId === undefined) return undefined
      const login = { organizationId, userId, hash: undefined }
      return (await holdLogin(tx, login))
        ? giveBearer({ ...context, db: tx }, login, origin)
        : undefined
    })
  const signedIn = (await spend()) ?? ((await vault.refreshPeppers()) ? await spend() : undefined)
  if (!signedIn) throw codeRefused()
  return signedIn
}

/**
 * Signs a person in who has shown the two secrets, so that a browser need not keep them; for no
 * longer than these are good, whatever is remembered of them.
 * @throws {Refusal} `sign-in-refused` where nobody may sign in as that user any more, `user-unknown`
 *   where one of the secrets has ended
 */
export function signInBySecrets(
  { db, vault }: Pick<Context, 'db' | 'vault'>,
  { organizationId, user }: Principal,
  secrets: { user: string; organization: string },
  origin: Origin,
): Promise<SignedIn> {
  return transaction(db, async (tx) => {
    const login = { organizationId, userId: user.id, hash: undefined }
    if (!(await holdLogin(tx, login))) throw refused()
    const userHashes = vault.hashes(secrets.user)
    const organizationHashes = vault.hashes(secrets.organization)
    const found = await findCaller(tx, { organizationId, userHashes, organizationHashes })
    if (found.principal?.user.id !== user.id) throw unknownUser()
    const seconds = Math.min(bearerSeconds, (found.endsInMs ?? Number.POSITIVE_INFINITY) / 1000)
    return giveBearer({ db: tx, vault }, login, origin, { seconds, bySecrets: true })
  })
}

/**
 * Ends a bearer token everywhere.
 * @throws {Refusal} `bearer-unknown` where it has ended meanwhile
 */
export async function signOut(
  { db, vault }: Pick<Context, 'db' | 'vault'>,
  token: string,
  deed: Deed,
) {
  await transaction(db, async (tx) => {
    const { organizationId } = deed
    const hashes = vault.hashes(token)
    if ((await deleteSignInToken(tx, { organizationId, hashes })) === undefined) {
      throw new Refusal('bearer-unknown', 'The bearer token has ended already.')
    }
    await insertAuditEntry(tx, deed, 'user.signed-out')
  })
}

async function giveBearer(
  { db, vault }: { db: Db; vault: Context['vault'] },
  { organizationId, userId }: Login,
  { requestId, address }: Origin,
  { seconds = bearerSeconds, bySecrets = false } = {},
): Promise<SignedIn> {
  const token = createToken('bearer', organizationId)
  const hashed = vault.hash(token)
  const expiresAt = await insertSignInToken(
    db,
    { organizationId, userId, ...hashed, bySecrets },
    seconds,
  )
  await insertAuditEntry(db, { organizationId, userId, requestId, address }, 'user.signed-in')
  return { token, expiresAt }
}

function refused(): Refusal {
  return new Refusal(
    'sign-in-refused',
    'The user name or the password is not right. Check both; an admin of your organization can set a new password.',
  )
}

function codeRefused(): Refusal {
  return new Refusal(
    'sign-in-refused',
    'The code is none that we know, was used already, or is older than ten minutes. Ask for another one.',
  )
}
