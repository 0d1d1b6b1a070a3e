import { loginOf } from '../authentication/login.ts'
import type { Context } from '../context.ts'
import { prove } from '../probe/prove.ts'
import { changeInstance } from './change.ts'
import { isRejection, proveInSession } from './change-proof.ts'
import type { Access, InstanceRequest } from './change-request.ts'
import { renewVerification } from './change-store.ts'
import type { StoredConnection } from './connection.ts'
import type { StoredRow } from './connection-store.ts'
import { findOwn, instanceBusy, type Shown, showStored } from './own.ts'
import { tokensEntry } from './tokens.ts'

const maxAttempts = 4

/**
 * Tries an instance with what is stored of it. A draft that the vendor accepts is one no more; for
 * any other instance it is a test, which changes nothing, but that it heals a failed one.
 * @throws {Refusal} for every verdict but `verified`, as provisioning does
 */
export async function verifyInstance(context: Context, request: InstanceRequest): Promise<Shown> {
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const { row, element } = await findOwn(context, request)
    if (row.state === 'draft') {
      const body = { verify: true }
      return changeInstance(context, { ...request, body, manner: 'merge', reAuthenticate: true })
    }
    if (!(await tryStored(context, request.access, row))) return showStored(context, row, element)
    const renewed = await renewVerification(context.db, row)
    if (renewed) return showStored(context, row, element, { ...row, ...renewed })
  }
  throw instanceBusy()
}

/**
 * Whether the vendor was asked, and has accepted what is stored.
 * @throws {Refusal} for every verdict but `verified`
 */
export async function tryStored(
  context: Context,
  access: Access,
  row: Pick<StoredRow, 'organizationId' | 'id' | 'secrets'>,
): Promise<boolean> {
  const { organizationId, id } = row
  const key = { organizationId, instanceId: id }
  const connection = await access(context, key)
  const { credentials, tokens } = connection
  const hasTokens = row.secrets.some(({ entry }) => entry === tokensEntry)
  if (!tokens || !hasTokens || !loginOf(credentials.authentication)) {
    return (await prove(context, organizationId, credentials, undefined)) !== undefined
  }
  try {
    return await testTokens(context, connection)
  } catch (error) {
    if (!isRejection(error)) throw error
    const renewed = await access(context, key, tokens.version)
    if (renewed.tokens?.version === tokens.version) throw error
    return testTokens(context, renewed)
  }
}

async function testTokens(
  context: Context,
  { record, credentials }: StoredConnection,
): Promise<boolean> {
  return (await proveInSession(context, record.organizationId, credentials)) !== undefined
}
