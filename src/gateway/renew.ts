import type { Session } from '../authentication/sessions.ts'
import type { Context } from '../context.ts'
import type { StoredConnection } from '../instances/connection.ts'
import { nameOf } from '../tokens/renew.ts'
import type { Opened } from './callable.ts'
import { dropSession, sessionLogin, sessionOf } from './session.ts'

type Needs = Pick<
  Context,
  'breakers' | 'connections' | 'egress' | 'probeDeadlineMs' | 'renewals' | 'sessions'
>

/** Whether there may be another token or session where the vendor has ended one. */
export function canRenew(connection: StoredConnection): boolean {
  return connection.tokens !== undefined || sessionLogin(connection) !== undefined
}

/** From now on, and for a while, no token or session is renewed for what is refused at this place. */
export function giveUp({ renewals }: Needs, opened: Opened, place: string) {
  renewals.giveUp(nameOf(opened), place)
}

/**
 * The instance with another token or session than the one that the vendor has just refused;
 * undefined where there is none.
 * @throws {Refusal} where there should be one, and cannot be
 * @throws {EgressFailure} where the vendor does not answer to a login
 */
export async function renew(
  context: Needs,
  opened: Opened,
  session: Session | undefined,
  place: string,
): Promise<Opened | undefined> {
  const { connection, organizationId, instanceId } = opened
  const { tokens } = connection
  if (context.renewals.isFutile(nameOf({ organizationId, instanceId }), place)) return undefined
  if (tokens) {
    const renewed = await context.connections.renewed(opened)
    return renewed.connection.tokens?.version === tokens.version ? undefined : renewed
  }
  const login = sessionLogin(connection)
  if (!login || !session) return undefined
  await dropSession(context, connection, session)
  await sessionOf(context, connection, login)
  return opened
}
