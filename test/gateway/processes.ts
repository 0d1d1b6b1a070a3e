import { randomBytes } from 'node:crypto'
import { createOrganization } from '../../src/access/organization.ts'
import { openDatabase } from '../../src/database/database.ts'
import { migrate } from '../../src/database/migrate.ts'
import { Keyring } from '../../src/vault/keyring.ts'
import { Vault } from '../../src/vault/vault.ts'
import { call } from '../support/client.ts'
import { type Service, startService } from '../support/service.ts'

/** Who calls a service. */
export interface Caller {
  url: string
  authorization: string
}

/** The service as several processes on one database, with nobody in it yet. */
export interface Processes extends AsyncDisposable {
  services: Service[]
  /** Those that ended, though nobody asked. */
  readonly ended: number[]
  addOrganization(): Promise<Caller>
}

export async function startProcesses(
  databaseUrl: string,
  count: number,
  env: Record<string, string> = {},
): Promise<Processes> {
  await using resources = new AsyncDisposableStack()
  const key = randomBytes(32)
  await migrate(databaseUrl)
  const options = { url: databaseUrl, maxConnections: 1, onError: () => {} }
  const db = resources.use(openDatabase(options))
  const vault = await Vault.open(db, new Keyring([{ id: 'test', key }]))
  const ended: number[] = []
  const services = await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const service = await startService({
        DATABASE_URL: databaseUrl,
        LATCHKEY_KEYS: `test:${key.toString('base64')}`,
        LATCHKEY_EGRESS_ALLOW: '127.0.0.1',
        ...env,
      })
      service.ended.then(() => ended.push(at))
      return resources.use(service)
    }),
  )
  const owned = resources.move()
  return {
    services,
    ended,
    async addOrganization() {
      const email = `${randomBytes(6).toString('hex')}@example.com`
      const made = await createOrganization({ db, vault }, { name: 'Acme', email })
      const { userSecret, organizationSecret } = made
      const authorization = `User ${userSecret}, Organization ${organizationSecret}`
      return { url: services[0]!.url, authorization }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** What has to go well. */
export async function send(
  caller: Caller,
  method: 'POST' | 'PATCH' | 'PUT',
  path: string,
  body: object,
) {
  const answer = await call(caller, method, path, { body })
  if (answer.status !== 200) throw new Error(`${path}: ${answer.text}`)
  return answer.body
}

const definition = {
  format: 1,
  key: 'faulty',
  name: 'Faulty',
  hub: 'general',
  description: 'Whatever is there.',
  configDescription: 'Made up for the tests.',
  entries: [
    { key: 'server', name: 'Server', type: 'url', required: true },
    { key: 'secret', name: 'Secret', type: 'password', required: true, secret: true },
  ],
  baseUrl: '{server}',
  authentications: [{ type: 'bearer', name: 'Key', token: '{secret}' }],
}

/** The element that `connect` makes instances of; once for each organization. */
export function addElement(caller: Caller, more: object = {}) {
  return send(caller, 'POST', '/elements', { ...definition, ...more })
}

/** An instance at a vendor. */
export async function connect(
  caller: Caller,
  server: string,
  settings: object = {},
  key: string = definition.key,
) {
  const configuration = { server, secret: 'an-unguessable-key-of-the-vendor' }
  const body = { element: { key }, name: 'N', configuration, settings }
  const { id, token } = await send(caller, 'POST', '/instances', body)
  return { id: id as number, authorization: `${caller.authorization}, Element ${token}` }
}
