import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { createOrganization, operatorDeed, recallFirstAccess } from './access/organization.ts'
import { createSignInCode } from './access/sign-in.ts'
import type { Config } from './config.ts'
import type { Context } from './context.ts'
import { replaceFile } from './database/durable-file.ts'
import { isReferenced } from './database/failure.ts'

const credentialsSchema = Type.Object({
  organizationId: Type.Integer(),
  userId: Type.Integer(),
  organizationSecret: Type.String(),
  userSecret: Type.String(),
  sandbox: Type.Object({ id: Type.String(), password: Type.String() }),
})

/** What a newcomer needs, kept in `<data dir>/credentials.json` for its owner alone. */
export type Credentials = Static<typeof credentialsSchema>

/**
 * The integrator login of the sandbox vendor that is not `api1`: random, and kept. Throws, as
 * `readOrCreateCredentials` does, where `credentials.json` is there and can't be read.
 */
export async function sandboxLogin(config: Config): Promise<Credentials['sandbox']> {
  const found = await readCredentials(config)
  return found?.sandbox ?? { id: 'api2', password: randomBytes(24).toString('base64url') }
}

/** The first organization and user: made at the first start, read again at every later one. */
export async function readOrCreateCredentials(
  context: Context,
  sandbox: Credentials['sandbox'],
): Promise<Credentials> {
  const found = await readCredentials(context.config)
  if (found) return found
  // The file may have been lost, or a first start killed before it was written.
  const access =
    (await recallFirstAccess(context)) ??
    (await createOrganization(context, { name: 'First organization', email: 'admin@localhost' }))
  const credentials = { ...access, sandbox }
  await replaceFile(pathOf(context.config), `${JSON.stringify(credentials, null, 2)}\n`)
  return credentials
}

/** Signs the first user in to the console once; undefined where that user is gone. */
export async function firstSignInCode(
  context: Context,
  { organizationId, userId }: Credentials,
): Promise<string | undefined> {
  try {
    return await createSignInCode(context, { organizationId, userId }, operatorDeed(organizationId))
  } catch (error) {
    if (isReferenced(error)) return undefined
    throw error
  }
}

/** A command that provisions a sandbox instance, to be pasted as it is. */
export function curlCommand(address: string, sandboxUrl: string, credentials: Credentials): string {
  const body = {
    element: { key: 'connectwisehd' },
    configuration: {
      'helpdesk.connectwise.username': 'api1',
      'helpdesk.connectwise.password': 'api1',
      'helpdesk.connectwise.server.url': sandboxUrl,
      'helpdesk.connectwise.company': 'company_f',
    },
    tags: ['help desk'],
    name: 'Test',
  }
  const { userSecret, organizationSecret } = credentials
  return [
    `curl -s ${address}/instances`,
    `-H 'Authorization: User ${userSecret}, Organization ${organizationSecret}'`,
    `-H 'Content-Type: application/json'`,
    `-d '${JSON.stringify(body)}'`,
  ].join(' ')
}

async function readCredentials(config: Config): Promise<Credentials | undefined> {
  const path = pathOf(config)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  const found = parseJson(text)
  if (Value.Check(credentialsSchema, found)) return found
  throw new Error(
    `${path} is not what Latchkey wrote there. Bring it back from a backup, or remove it: the next start writes it again, with the same secrets and a new password for the sandbox.`,
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function pathOf(config: Config): string {
  return join(config.dataDir, 'credentials.json')
}
