import { randomBytes } from 'node:crypto'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { beginAuthorization } from '../oauth/authorize.ts'
import { createToken, readToken } from '../vault/token.ts'
import { caller } from '../vault/vault.ts'
import { callbackUrlOf } from './base.ts'
import { calledOff, overRefusal } from './link.ts'
import { noteReason } from './progress-store.ts'
import { type OpenSession, ownerOf, principalOf, ticketEntry } from './session.ts'
import type { SessionKey } from './store.ts'
import { readSubmission, type Submission } from './submit.ts'
import { keepTicket, takeTicket } from './ticket-store.ts'

/** Whoever clicks goes there at once. */
const ticketSeconds = 120

/** Where the vendor's page is shown: in a window of its own, or in the place of ours. */
export type Place = 'window' | 'tab'

/** Where a ticket leads, and what the browser is to hold until it comes back. */
export interface Departure {
  url: string
  state: string
  browser: string
  place: Place
  expiresAt: string
}

/**
 * Begins a consent at the vendor, and answers a ticket to the way there. The ticket, and not the
 * page, makes the browser the one that the consent belongs to: a page in a frame could not.
 * @throws {Refusal} fit for the customer
 */
export async function beginConsent(
  context: Context,
  submission: Submission,
  { base, place }: { base: string; place: Place },
): Promise<string> {
  const { session } = submission
  const { form, configuration, conceal } = await readSubmission(context, submission)
  const { known, authentication } = form
  submission.note({ elementKey: known.key })
  const browser = randomBytes(32).toString('base64url')
  try {
    const { url, state, expiresAt } = await beginAuthorization(context, {
      principal: principalOf(session),
      known,
      authentication,
      configuration,
      callbackUrl: callbackUrlOf(base),
      oauthAppId: session.reconnects ? undefined : session.request.authentication?.oauthAppId,
      instanceId: session.reconnects ? session.instanceId! : undefined,
      connectSessionId: session.id,
      browser,
    })
    const departure = { url, state, browser, place, expiresAt: expiresAt.toISOString() }
    return await issueTicket(context, session, departure)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const shown = conceal(error)
    await noteReason(context.db, session, shown.details.message)
    throw shown
  }
}

async function issueTicket(
  { db, vault }: Pick<Context, 'db' | 'vault'>,
  session: OpenSession,
  departure: Departure,
): Promise<string> {
  const ticket = createToken('ticket', session.organizationId)
  const place = ticketPlace(session)
  const sealed = await vault.seal(place, JSON.stringify(departure))
  const { hash } = vault.hash(ticketText(session, ticket))
  const { origins } = place
  const kept = await keepTicket(db, session, { ...sealed, hash, seconds: ticketSeconds, origins })
  if (!kept) throw overRefusal(calledOff)
  return ticket
}

/** Where the ticket of this session leads; undefined for one that is used, expired or made up. */
export async function useTicket(
  { db, vault }: Pick<Context, 'db' | 'vault'>,
  session: SessionKey,
  ticket: string,
): Promise<Departure | undefined> {
  if (readToken('ticket', ticket) !== session.organizationId) return undefined
  const found = await takeTicket(db, session, vault.hashes(ticketText(session, ticket)))
  if (!found) return undefined
  return JSON.parse(await vault.open(ticketPlace(session), found.sealed, caller))
}

function ticketText({ id }: SessionKey, ticket: string): string {
  return `${id} ${ticket}`
}

function ticketPlace({ organizationId, id }: SessionKey) {
  const place = { organizationId, owner: ownerOf(id), entry: ticketEntry }
  return { ...place, secretVersion: 1, origins: [caller] }
}
