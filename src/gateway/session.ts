import { type Login, loginOf } from '../authentication/login.ts'
import { LoginRefused, logIn } from '../authentication/send.ts'
import type { Session } from '../authentication/sessions.ts'
import type { Context } from '../context.ts'
import { viewOf } from '../definition/view.ts'
import type { Egress } from '../egress/client.ts'
import { RenderError } from '../exchange/template.ts'
import { Refusal } from '../http/errors.ts'
import type { StoredConnection } from '../instances/connection.ts'
import { judge } from '../probe/judge.ts'
import { codeOfVerdict } from '../probe/prove.ts'
import { nameOf } from '../tokens/renew.ts'

type Needs = Pick<Context, 'breakers' | 'egress' | 'sessions' | 'probeDeadlineMs'>

/** The login that calls of a connection need first; those with stored tokens have had theirs. */
export function sessionLogin({ tokens, credentials }: StoredConnection): Login | undefined {
  return tokens ? undefined : loginOf(credentials.authentication)
}

/**
 * The session that calls go in, opened where there is none yet; a login takes no permit. However
 * many wait for it, it counts once for the instance's circuit to the host that is asked.
 * @throws {Refusal} where the vendor does not accept the login, or is left alone
 * @throws {EgressFailure} where it does not answer
 */
export function sessionOf(
  context: Needs,
  connection: StoredConnection,
  login: Login,
): Promise<Session> {
  return context.sessions.get(sessionName(connection), () => open(context, connection, login))
}

/** Forgets a session that the vendor has ended, unless another has taken its place. */
export function dropSession(
  { sessions }: Pick<Context, 'sessions'>,
  connection: StoredConnection,
  session: Session,
): Promise<void> {
  return sessions.drop(sessionName(connection), session)
}

/** What it was opened with may change, and be refused from then on. */
function sessionName({ record }: StoredConnection): string {
  const { organizationId, id: instanceId, revision } = record
  return `${nameOf({ organizationId, instanceId })}/${revision}`
}

async function open(
  { breakers, egress, probeDeadlineMs }: Needs,
  { record, element, credentials }: StoredConnection,
  login: Login,
): Promise<Session> {
  const deadline = performance.now() + probeDeadlineMs
  const through = { ...credentials, place: viewOf(element, credentials.authentication) }
  const instance = nameOf({ organizationId: record.organizationId, instanceId: record.id })
  const counted: Pick<Egress, 'send'> = {
    send: (request) => breakers.of(instance, request.url).counting(() => egress.send(request)),
  }
  try {
    return await logIn(counted, through, login, { deadline })
  } catch (error) {
    if (error instanceof RenderError) {
      throw new Refusal('configuration-invalid', {
        message: `The login at ${element.name} cannot be sent: "${error.key}" ${error.message}. Change the instance.`,
        invalid: [{ key: error.key, reason: error.message }],
      })
    }
    if (!(error instanceof LoginRefused)) throw error
    const judged = judge(element, error.step, error.answer)
    // A good answer without what the session consists of.
    const verdict = judged.verdict === 'verified' ? 'unexpected' : judged.verdict
    const message =
      judged.verdict === 'verified'
        ? `${element.name} accepted the login, and its answer has no session in it. Ask the vendor.`
        : judged.message
    const { retryAfter } = judged
    throw new Refusal(codeOfVerdict[verdict], { message, retryAfter })
  }
}
