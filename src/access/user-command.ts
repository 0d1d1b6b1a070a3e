import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { findDefaultAccount } from './account-store.ts'
import { addUser } from './add-user.ts'
import { storeChanges, type UserChanges } from './change-user.ts'
import { type Env, exitCodeOf, inColumns, type Terminal, type Tools, withTools } from './command.ts'
import { readEmail } from './email.ts'
import { OrganizationError, operatorDeed } from './organization.ts'
import { requireFitPassword } from './password-rules.ts'
import { rotateSecret } from './secrets.ts'
import { createSignInCode } from './sign-in.ts'
import { findLogin } from './sign-in-store.ts'
import { findUser, listUsers, type UserRecord } from './user-store.ts'

const usage = `Usage: npm run user -- add <email> --organization <id> [--account <id>] [--admin]
       npm run user -- list --organization <id>
       npm run user -- deactivate <email>
       npm run user -- activate <email>
       npm run user -- password <email>
       npm run user -- secret <email> [--overlap <seconds>]
       npm run user -- code <email>

  add       adds a user, and prints the secret once
  password  reads a new password from the standard input, which ends all bearer tokens
  secret    prints a new secret once; the one before works for the overlap, a day if not said
  code      prints a code that signs in once, within ten minutes`

const options = {
  organization: { type: 'string' },
  account: { type: 'string' },
  overlap: { type: 'string' },
  admin: { type: 'boolean' },
} as const

type Command = (tools: Tools, terminal: Terminal) => Promise<void>
type Options = Partial<Record<'organization' | 'account' | 'overlap', number>> & { admin?: boolean }

/** Runs `npm run user`, and answers its exit code: 2 for a wrong call, 1 for a failure. */
export async function runUserCommand(
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
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    const { admin, ...numbers } = values
    if (!Object.values(numbers).every((value) => /^\d{1,15}$/.test(value))) return undefined
    const given = Object.entries(numbers).map(([name, value]) => [name, Number(value)])
    return chooseCommand(positionals, {
      ...Object.fromEntries(given),
      ...(admin !== undefined && { admin }),
    })
  } catch {
    return undefined
  }
}

const allowed: Record<string, readonly (keyof Options)[]> = {
  add: ['organization', 'account', 'admin'],
  list: ['organization'],
  secret: ['overlap'],
}

function chooseCommand([verb = '', ...words]: string[], given: Options): Command | undefined {
  const known = Object.hasOwn(allowed, verb) ? allowed[verb]! : []
  if (Object.keys(given).some((name) => !known.includes(name as keyof Options))) return undefined
  const { organization } = given
  if (verb === 'list') {
    return words.length === 0 && organization !== undefined ? list(organization) : undefined
  }
  const [email = ''] = words
  if (words.length !== 1 || email === '') return undefined
  if (verb === 'add')
    return organization === undefined ? undefined : add(email, organization, given)
  if (verb === 'deactivate') return change(email, 'is deactivated', async () => ({ active: false }))
  if (verb === 'activate') return change(email, 'is active', async () => ({ active: true }))
  if (verb === 'password') return change(email, 'has a new password', readPassword)
  if (verb === 'secret') return secret(email, given.overlap)
  return verb === 'code' ? code(email) : undefined
}

function add(email: string, organizationId: number, { account, admin }: Options): Command {
  return async (tools, terminal) => {
    const accountId = account ?? (await findDefaultAccount(tools.db, organizationId))?.id
    if (accountId === undefined) {
      throw new OrganizationError(`There is no organization with the id ${organizationId}.`)
    }
    const request = { email, roles: admin ? ['org-admin'] : [] }
    const user = await addUser(tools, accountId, request, operatorDeed(organizationId))
    terminal.print(`User ${user.id} ${user.email} of account ${accountId}`)
    terminal.print(`User secret: ${user.secret}`)
    terminal.print('It is not shown again.')
  }
}

function list(organizationId: number): Command {
  return async ({ db }, terminal) => {
    for (let after = 0; ; ) {
      const users = await listUsers(db, { organizationId, after, limit: 200 })
      const rows = users.map(({ id, role, active, email }) => {
        return [String(id), role, active ? 'active' : 'deactivated', email]
      })
      for (const line of inColumns(rows)) terminal.print(line)
      if (users.length < 200) return
      after = users.at(-1)!.id
    }
  }
}

function change(
  email: string,
  done: string,
  changes: (tools: Tools, terminal: Terminal, user: UserRecord) => Promise<UserChanges>,
): Command {
  return async (tools, terminal) => {
    const user = await requireUser(tools, email)
    const deed = operatorDeed(user.organizationId)
    await storeChanges(tools, user, await changes(tools, terminal, user), deed)
    terminal.print(`User ${user.id} ${user.email} ${done}.`)
  }
}

async function readPassword({ passwords }: Tools, terminal: Terminal, user: UserRecord) {
  const password = ((await terminal.read?.()) ?? '').replace(/\r?\n$/, '')
  requireFitPassword(password, user.email)
  return { password: await passwords.hash(password) }
}

function secret(email: string, overlapSeconds: number | undefined): Command {
  return async (tools, terminal) => {
    const { organizationId, id: userId } = await requireUser(tools, email)
    const rotated = await rotateSecret(
      tools,
      { organizationId, userId },
      {
        ...(overlapSeconds !== undefined && { overlapSeconds }),
        deed: operatorDeed(organizationId),
      },
    )
    terminal.print(`User secret: ${rotated.secret}`)
    terminal.print(
      `It is not shown again. The one before ends at ${rotated.previousExpiresAt.toISOString()}.`,
    )
  }
}

function code(email: string): Command {
  return async (tools, terminal) => {
    const { organizationId, id: userId } = await requireUser(tools, email)
    const deed = operatorDeed(organizationId)
    terminal.print(await createSignInCode(tools, { organizationId, userId }, deed))
  }
}

async function requireUser({ db }: Tools, given: string): Promise<UserRecord> {
  const email = readEmail(given)
  const login = email && (await findLogin(db, email))
  const user = login && (await findUser(db, { ...login, id: login.userId }))
  if (user) return user
  throw new OrganizationError(`There is no user with the address ${given}.`)
}

if (import.meta.main) {
  process.exitCode = await runUserCommand(process.argv.slice(2), process.env, {
    print: (line) => console.log(line),
    complain: (line) => console.error(line),
    read: () => text(process.stdin),
  })
}
