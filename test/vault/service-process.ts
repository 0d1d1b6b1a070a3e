import { setTimeout as delay } from 'node:timers/promises'
import { identify } from '../../src/access/identify.ts'
import { createOrganization } from '../../src/access/organization.ts'
import { parseKeys } from '../../src/config.ts'
import { openDatabase } from '../../src/database/database.ts'
import { Keyring } from '../../src/vault/keyring.ts'
import { createToken, tokenEntry } from '../../src/vault/token.ts'
import { caller, type SecretPlace, Vault } from '../../src/vault/vault.ts'
import { uncached } from './uncached.ts'

/** What a test tells the process that stands for a service, and what it hears at the end. */
export interface Orders {
  url: string
  keys: string
  name: string
  organizationId: number
  userSecret: string
  organizationSecret: string
}

export interface Account {
  rounds: number
  errors: string[]
  written: { place: SecretPlace; plaintext: string }[]
  authorizations: string[]
}

const account: Account = { rounds: 0, errors: [], written: [], authorizations: [] }
let working = true

async function serve(orders: Orders) {
  await using db = openDatabase({ url: orders.url, onError: () => {}, maxConnections: 4 })
  const vault = await Vault.open(db, new Keyring(parseKeys(orders.keys)))
  const authorization = `User ${orders.userSecret}, Organization ${orders.organizationSecret}`
  account.authorizations.push(authorization)

  async function write(at: number) {
    const { organizationId } = orders
    const owner = `${orders.name}/${at}`
    const place = { organizationId, owner, entry: tokenEntry, secretVersion: 1, origins: [caller] }
    const plaintext = createToken('instance', organizationId)
    const row = { ...place, ...(await vault.seal(place, plaintext)) }
    await db.kysely.insertInto('secrets').values(row).execute()
    account.written.push({ place, plaintext })
  }

  async function readBack({ place, plaintext }: Account['written'][number]) {
    const { sealed } = await db.kysely
      .selectFrom('secrets')
      .select('sealed')
      .where('organizationId', '=', place.organizationId)
      .where('owner', '=', place.owner)
      .executeTakeFirstOrThrow()
    if ((await vault.open(place, sealed, caller)) !== plaintext) throw new Error('another secret')
  }

  process.send!('ready')
  while (working) {
    try {
      await write(account.rounds)
      await readBack(account.written[Math.floor(Math.random() * account.written.length)]!)
      const header = account.authorizations[account.rounds % account.authorizations.length]
      await identify({ callers: uncached(db), vault }, header)
      if (account.rounds % 50 === 0) {
        const email = `${orders.name}-${account.rounds}@example.com`
        const made = await createOrganization({ db, vault }, { name: orders.name, email })
        const { userSecret, organizationSecret } = made
        account.authorizations.push(`User ${userSecret}, Organization ${organizationSecret}`)
      }
    } catch (error) {
      account.errors.push(String(error))
    }
    account.rounds++
    await delay(2)
  }
}

process.once('message', async (orders: Orders) => {
  process.once('message', () => {
    working = false
  })
  await serve(orders)
  process.send!(account, () => process.disconnect!())
})
