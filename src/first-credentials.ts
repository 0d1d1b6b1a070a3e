import { randomBytes } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createOrganization, recallFirstAccess } from './access/organization.ts'
import type { Config } from './config.ts'
import type { Context } from './context.ts'

/** What a newcomer needs, kept in `<data dir>/credentials.json` for its owner alone. */
export interface Credentials {
  organizationId: number
  userId: number
  organizationSecret: string
  userSecret: string
  sandbox: { id: string; password: string }
}

/** The integrator login of the sandbox vendor that is not `api1`: random, and kept. */
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
  const path = pathOf(context.config)
  await writeFile(`${path}.new`, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 })
  await rename(`${path}.new`, path)
  return credentials
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
  const text = await readFile(pathOf(config), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return text === undefined ? undefined : (JSON.parse(text) as Credentials)
}

function pathOf(config: Config): string {
  return join(config.dataDir, 'credentials.json')
}
