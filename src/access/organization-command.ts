import { parseArgs } from 'node:util'
import { readEnv } from '../config.ts'
import { openDatabase } from '../database/database.ts'
import { attachEmbedded } from '../database/embedded.ts'
import { migrate } from '../database/migrate.ts'
import { Keyring } from '../vault/keyring.ts'
import { openStorage } from '../vault/storage.ts'
import { Vault } from '../vault/vault.ts'
import { createOrganization, type FirstAccess } from './organization.ts'

const usage = `Usage: npm run organization -- create <name> --user <email>

  Makes an organization with its first user, and prints their secrets once.`

/** Runs `npm run organization`, and answers its exit code: 2 for a wrong call, 1 for a failure. */
export async function runOrganizationCommand(
  args: readonly string[],
  env: Record<string, string | undefined>,
  out: { print(line: string): void; complain(line: string): void },
): Promise<number> {
  const given = readArguments(args)
  if (!given) {
    out.complain(usage)
    return 2
  }
  try {
    const access = await create(env, given)
    out.print(`Organization ${access.organizationId} "${given.name}", user ${access.userId}`)
    out.print(`Organization secret: ${access.organizationSecret}`)
    out.print(`User secret:         ${access.userSecret}`)
    out.print('They are not shown again. A client sends them with every request:')
    out.print(`Authorization: User ${access.userSecret}, Organization ${access.organizationSecret}`)
    return 0
  } catch (error) {
    out.complain((error as Error).message.split('\n')[0]!)
    return 1
  }
}

function readArguments(args: readonly string[]): { name: string; email: string } | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { user: { type: 'string' } },
      allowPositionals: true,
    })
    const [command, name, ...more] = positionals
    if (command !== 'create' || !name || !values.user || more.length > 0) return undefined
    return { name, email: values.user }
  } catch {
    return undefined
  }
}

async function create(
  env: Record<string, string | undefined>,
  given: { name: string; email: string },
): Promise<FirstAccess> {
  const config = readEnv(env)
  await using resources = new AsyncDisposableStack()
  const { databaseUrl, keys } = await openStorage(config, resources, attachEmbedded)
  await migrate(databaseUrl)
  const db = resources.use(openDatabase({ url: databaseUrl, maxConnections: 2, onError: () => {} }))
  return await createOrganization({ db, vault: await Vault.open(db, new Keyring(keys)) }, given)
}

if (import.meta.main) {
  process.exitCode = await runOrganizationCommand(process.argv.slice(2), process.env, {
    print: (line) => console.log(line),
    complain: (line) => console.error(line),
  })
}
