import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { createToken, readToken } from '../vault/token.ts'
import { findOpenSession, openByLink } from './progress-store.ts'
import { isOver, type OpenSession, type SessionStatus } from './session.ts'
import type { SessionKey } from './store.ts'

type Hashing = Pick<Context['vault'], 'hash' | 'hashes'>

/** The name of a session in the page's address: no secret, and not to be guessed from another's. */
export function publicIdOf(vault: Hashing, key: SessionKey): string {
  return nameOf(key, vault.hash(markText(key)).hash)
}

/** Undefined for what is none, or made up. */
export function readPublicId(vault: Hashing, text: string): SessionKey | undefined {
  const [, organization = '', id] = /^([0-9a-z]{1,11})-([1-9]\d{0,15})-/.exec(text) ?? []
  const key = { organizationId: Number.parseInt(organization, 36), id: Number(id) }
  const known = vault.hashes(markText(key)).some((hash) => nameOf(key, hash) === text)
  return known ? key : undefined
}

function nameOf({ organizationId, id }: SessionKey, mark: Buffer): string {
  return `${organizationId.toString(36)}-${id}-${mark.toString('hex').slice(0, 16)}`
}

function markText({ organizationId, id }: SessionKey): string {
  return `connect-session ${organizationId} ${id}`
}

/**
 * The address for the customer's browser. Its secret stands in the fragment, which no server, log,
 * preview or referrer gets to see (RFC 9110, section 4.2.5).
 */
export function linkUrl(vault: Hashing, base: string, session: SessionKey, link: string): string {
  return `${base}/connect/${publicIdOf(vault, session)}#${link}`
}

/**
 * Uses a link up, and answers the key of the page that did.
 * @throws {Refusal} `connect-link-used`, `connect-session-over`, `connect-link-unknown`
 */
export async function openLink(
  context: Pick<Context, 'db' | 'vault'>,
  link: string,
): Promise<{ key: string; session: OpenSession }> {
  const { db, vault } = context
  const organizationId = readToken('link', link)
  if (organizationId === undefined) throw unknownLink()
  const look = () => findOpenSession(db, organizationId, { link: vault.hashes(link) })
  const session = (await look()) ?? ((await vault.refreshPeppers()) ? await look() : undefined)
  if (!session) throw unknownLink()
  refuseOver(session)
  const key = createToken('page', organizationId)
  const page = vault.hash(key)
  const opened = await openByLink(db, { organizationId, linkHashes: vault.hashes(link), page })
  if (opened === undefined) throw usedLink()
  return { key, session: { ...session, status: 'opened' } }
}

/** What somebody else has ended, or what is not there any more. */
export const calledOff = { status: 'cancelled' } as const

/** @throws {Refusal} `connect-session-over`, in words for the customer */
export function refuseOver(session: OpenSession) {
  if (isOver(session)) throw overRefusal(session)
}

export function overRefusal({ status }: Pick<OpenSession, 'status'>): Refusal {
  const [why, next] = endings[status] ?? ['This was called off.', 'Ask for a new link.']
  return new Refusal('connect-session-over', `${why} ${next}`)
}

const endings: { [Status in SessionStatus]?: [why: string, next: string] } = {
  succeeded: ['This is connected already.', 'There is nothing left to do.'],
  expired: ['The time for this has run out.', 'Ask for a new link.'],
  failed: ['This has ended without a connection.', 'Ask for a new link.'],
}

function usedLink(): Refusal {
  return new Refusal(
    'connect-link-used',
    'The link has been opened before, and works once. Go on where it was opened, or ask for a new one.',
  )
}

function unknownLink(): Refusal {
  return new Refusal(
    'connect-link-unknown',
    'The link is not known. Check that it was copied whole, or ask for a new one.',
  )
}
