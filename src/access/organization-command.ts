import { parseArgs } from 'node:util'
import type { Page } from '../http/paging.ts'
import { allowKey } from '../operator/export-keys.ts'
import { changeOrganization, listOrganizationPage } from '../operator/organizations.ts'
import { type Env, exitCodeOf, inColumns, type Terminal, type Tools, withTools } from './command.ts'
import {
  createOrganization,
  type FirstAccess,
  operatorDeed,
  readOrganizationName,
} from './organization.ts'

const usage = `Usage: npm run organization -- create <name> --user <email>
       npm run organization -- list
       npm run organization -- rename <id> <name>
       npm run organization -- disable <id>
       npm run organization -- enable <id>
       npm run organization -- allow-export <id> <public key>

  create   makes an organization with its first user, and prints their secrets once
  disable  lets none of its callers in, until it is enabled again; nothing is deleted
  allow-export  lets its instances leave for an hour, sealed for this key (a JSON Web Key) alone`

type Command = (tools: Tools, terminal: Terminal) => Promise<void>

/** Runs `npm run organization`, and answers its exit code: 2 for a wrong call, 1 for a failure. */
export async function runOrganizationCommand(
  args: readonly string[],
  env: Env,
  terminal: Terminal,
): Promise<number> {
  const command = readCommand(args)
  if (command)
    return exitCodeOf(terminal, () => withTools(env, (tools) => command(tools, terminal)))
  terminal.complain(usage)
  return 2
}

function readCommand(args: readonly string[]): Command | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { user: { type: 'string' } },
      allowPositionals: true,
    })
    return chooseCommand(positionals, values.user)
  } catch {
    return undefined
  }
}

function chooseCommand([verb, ...words]: string[], email: string | undefined): Command | undefined {
  const [first = '', second = ''] = words
  if (verb === 'create') {
    return words.length === 1 && first && email ? create({ name: first, email }) : undefined
  }
  const id = /^\d{1,15}$/.test(first) ? Number(first) : undefined
  if (email !== undefined) return undefined
  if (verb === 'list') return words.length === 0 ? list : undefined
  if (id === undefined) return undefined
  if (verb === 'rename') return words.length === 2 && second ? rename(id, second) : undefined
  if (verb === 'allow-export') return words.length === 2 && second ? allow(id, second) : undefined
  if (words.length > 1) return undefined
  if (verb === 'disable') return disable(id, true)
  return verb === 'enable' ? disable(id, false) : undefined
}

function create(given: { name: string; email: string }): Command {
  return async (tools, terminal) => {
    const access: FirstAccess = await createOrganization(tools, given)
    terminal.print(`Organization ${access.organizationId} "${given.name}", user ${access.userId}`)
    terminal.print(`Organization secret: ${access.organizationSecret}`)
    terminal.print(`User secret:         ${access.userSecret}`)
    terminal.print('They are not shown again. A client sends them with every request:')
    terminal.print(
      `Authorization: User ${access.userSecret}, Organization ${access.organizationSecret}`,
    )
  }
}

const list: Command = async (tools, terminal) => {
  const page: Page = { pageSize: 200, after: 0 }
  for (;;) {
    const { organizations, headers } = await listOrganizationPage(tools, page)
    const rows = organizations.map(({ id, state, name }) => [String(id), state, name])
    for (const line of inColumns(rows)) terminal.print(line)
    if (headers['elements-next-page-token'] === undefined) return
    page.after = organizations.at(-1)!.id
  }
}

function rename(id: number, text: string): Command {
  return async (tools, terminal) => {
    const name = readOrganizationName(text)
    await changeOrganization(tools, id, { name }, operatorDeed(id))
    terminal.print(`Organization ${id} is called "${name}" now.`)
  }
}

function readKey(text: string) {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(
      'The public key is no JSON. Give it in quotes, as the other installation answered POST /imports/keys.',
    )
  }
}

function allow(id: number, text: string): Command {
  return async (tools, terminal) => {
    const publicKey = readKey(text)
    const named = { id, kid: String(publicKey?.kid) }
    const { kid, expiresAt } = await allowKey(tools, named, { publicKey }, operatorDeed(id))
    terminal.print(
      `Instances of organization ${id} may leave for the key ${kid} until ${expiresAt}.`,
    )
  }
}

function disable(id: number, disabled: boolean): Command {
  return async (tools, terminal) => {
    const { name } = await changeOrganization(tools, id, { disabled }, operatorDeed(id))
    terminal.print(`Organization ${id} "${name}" is ${disabled ? 'disabled' : 'enabled'}.`)
  }
}

if (import.meta.main) {
  process.exitCode = await runOrganizationCommand(process.argv.slice(2), process.env, {
    print: (line) => console.log(line),
    complain: (line) => console.error(line),
  })
}
