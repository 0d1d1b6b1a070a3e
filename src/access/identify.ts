import { Refusal } from '../http/errors.ts'
import { readToken } from '../vault/token.ts'
import type { Vault } from '../vault/vault.ts'
import type { Callers } from './callers.ts'
import { parseAuthorization } from './header.ts'
import type { Principal } from './store.ts'

/**
 * Finds out who calls: by the User and Organization parts of the header, or by a bearer token.
 * @throws {Refusal} 401, saying which part of the header is the matter and no more
 */
export async function identify(
  context: { callers: Pick<Callers, 'find' | 'recall'>; vault: Vault },
  authorization: string | undefined,
): Promise<Principal> {
  const parts = parseAuthorization(authorization ?? '')
  if (parts?.bearer) return identifyByBearer(context, parts.bearer)
  if (!parts?.user || !parts.organization) throw new Refusal('access-missing', explain(parts))
  const { callers, vault } = context
  const { user, organization } = parts
  const words = `User ${user}, Organization ${organization}`
  const known = callers.recall(words)
  if (known) return known
  const organizationId = readToken('organization', organization)
  if (organizationId === undefined) throw unknownOrganization()
  if (readToken('user', user) !== organizationId) throw unknownUser()
  const look = () =>
    callers.find(
      {
        organizationId,
        userHashes: vault.hashes(user),
        organizationHashes: vault.hashes(organization),
      },
      words,
    )
  let found = await look()
  if (!found.principal && (await vault.refreshPeppers())) found = await look()
  if (!found.organizationKnown) throw unknownOrganization()
  if (!found.principal) throw unknownUser()
  return found.principal
}

async function identifyByBearer(
  { callers, vault }: { callers: Pick<Callers, 'find' | 'recall'>; vault: Vault },
  token: string,
): Promise<Principal> {
  const words = `Bearer ${token}`
  const known = callers.recall(words)
  if (known) return known
  const organizationId = readToken('bearer', token)
  if (organizationId === undefined) throw unknownBearer()
  const look = () => callers.find({ organizationId, bearerHashes: vault.hashes(token) }, words)
  let found = await look()
  if (!found.principal && (await vault.refreshPeppers())) found = await look()
  if (!found.principal) throw unknownBearer()
  return found.principal
}

function explain(parts: { user?: string; organization?: string } | undefined): string {
  const grammar = 'Authorization: User <secret>, Organization <secret>'
  if (!parts) {
    return `The header has to read "${grammar}", its parts in any order, or "Authorization: Bearer <token>".`
  }
  const lacking = [!parts.user && 'User', !parts.organization && 'Organization'].filter(Boolean)
  return `The ${lacking.join(' and ')} part is missing. The header has to read "${grammar}".`
}

export function unknownUser(): Refusal {
  return new Refusal(
    'user-unknown',
    'The User part of the Authorization header is not a secret that we know together with this Organization. Check that it was copied whole.',
  )
}

function unknownOrganization(): Refusal {
  return new Refusal(
    'organization-unknown',
    'The Organization part of the Authorization header is not a secret that we know. Check that it was copied whole.',
  )
}

function unknownBearer(): Refusal {
  return new Refusal(
    'bearer-unknown',
    'The bearer token is none that we know, or has ended. Sign in again with POST /authentication.',
  )
}
