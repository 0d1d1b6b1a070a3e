import { createOrganization, EmailTakenError, OrganizationError } from '../access/organization.ts'
import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { transaction } from '../database/database.ts'
import { isTaken } from '../database/failure.ts'
import { Refusal } from '../http/errors.ts'
import { cutPage, type Page } from '../http/paging.ts'
import type {
  FirstAccess,
  Organization,
  OrganizationChange,
  OrganizationRequest,
  OrganizationUser,
} from './schema.ts'
import {
  findOrganization,
  listOrganizations,
  listUsers,
  lockOrganization,
  type OrganizationRecord,
  updateOrganization,
} from './store.ts'

/** What an operator does, in an organization that may be made by it. */
export type OperatorDeed = Omit<Deed, 'organizationId'>

/** @throws {Refusal} for an unusable name or address, and one that a user has */
export async function addOrganization(
  context: Pick<Context, 'db' | 'vault'>,
  { name, user }: OrganizationRequest,
  deed: OperatorDeed,
): Promise<FirstAccess> {
  try {
    const given = { name, email: user.emailAddress }
    const { organizationId, ...access } = await createOrganization(context, given, deed)
    return { organization: await getOrganization(context, organizationId), ...access }
  } catch (error) {
    if (isTaken(error)) throw new Refusal('email-taken', 'Somebody else took the address just now.')
    if (!(error instanceof OrganizationError)) throw error
    throw new Refusal(
      error instanceof EmailTakenError ? 'email-taken' : 'body-invalid',
      error.message,
    )
  }
}

/** @throws {Refusal} `organization-not-found` */
export async function getOrganization(
  { db }: Pick<Context, 'db'>,
  id: number,
): Promise<Organization> {
  return show(requireFound(id, await findOrganization(db, id)))
}

/** Disabling one makes its callers unknown at once, on every replica. */
export async function changeOrganization(
  { db }: Pick<Context, 'db'>,
  id: number,
  change: OrganizationChange,
  deed: OperatorDeed,
): Promise<Organization> {
  return transaction(db, async (tx) => {
    const found = requireFound(id, await lockOrganization(tx, id))
    if (found.erasingSince) throw erasing()
    await updateOrganization(tx, id, change)
    const { name, disabled } = change
    const entry = async (action: string) =>
      insertAuditEntry(tx, { organizationId: id, ...deed }, `organization.${action}`)
    if (name !== undefined) await entry('renamed')
    if (disabled !== undefined) await entry(disabled ? 'disabled' : 'enabled')
    return getOrganization({ db: tx }, id)
  })
}

/** A page of all organizations, and its headers. */
export async function listOrganizationPage({ db }: Pick<Context, 'db'>, page: Page) {
  const asked = { after: page.after, limit: page.pageSize + 1 }
  const { items, headers } = cutPage(await listOrganizations(db, asked), page)
  return { organizations: items.map(show), headers }
}

/** @throws {Refusal} `organization-not-found` */
export async function listUserPage({ db }: Pick<Context, 'db'>, id: number, page: Page) {
  requireFound(id, await findOrganization(db, id))
  const asked = { organizationId: id, after: page.after, limit: page.pageSize + 1 }
  const { items, headers } = cutPage(await listUsers(db, asked), page)
  const users = items.map(
    ({ email, createdAt, ...user }): OrganizationUser => ({
      ...user,
      emailAddress: email,
      createdDate: createdAt.toISOString(),
    }),
  )
  return { users, headers }
}

export function requireFound<Found>(id: number, found: Found | undefined): Found {
  if (found) return found
  throw new Refusal('organization-not-found', `There is no organization with the id ${id}.`)
}

/** That nothing of an organization can be changed any more. */
export function erasing(): Refusal {
  return new Refusal(
    'organization-erasing',
    'The organization is being erased: its keys are gone, and nothing of it can be used again.',
  )
}

function show({
  createdAt,
  disabledAt,
  erasingSince,
  ...organization
}: OrganizationRecord): Organization {
  return {
    ...organization,
    state: erasingSince ? 'erasing' : disabledAt ? 'disabled' : 'active',
    createdDate: createdAt.toISOString(),
    disabledDate: disabledAt?.toISOString() ?? null,
  }
}
