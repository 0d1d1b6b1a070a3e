import pg from 'pg'
import { createOrganization, type FirstAccess } from '../src/access/organization.ts'
import type { Context } from '../src/context.ts'
import { createToken, tokenEntry } from '../src/vault/token.ts'
import { caller } from '../src/vault/vault.ts'
import * as rows from './seed-rows.ts'

/** An organization whose instances can be read: their tokens open. */
export interface SeededOrganization extends FirstAccess {
  instances: number
  /**
   * One of the middle, with its token, and the text that stands in its name alone; and the external
   * id of another one.
   */
  sample: { id: number; token: string; text: string; externalId: string }
}

export interface Seeded {
  /** With three of ten of all instances. */
  big: SeededOrganization
  /** With seventy, as all others. */
  small: SeededOrganization
}

/** The tag of a third of the big organization's instances, and of about as many of each other's. */
export const seededTag = 'production'

const sealedAtOnce = 10_000
const filledAtOnce = 100_000

/**
 * Fills an empty database with so many instances, in a hundredth as many organizations and one that
 * has three of ten; those of each are spread over the whole time. Rows are as the service writes
 * them, but that only the tokens of two organizations are truly theirs.
 */
export async function seedInstances(
  context: Pick<Context, 'db' | 'vault' | 'elements'>,
  databaseUrl: string,
  instances: number,
): Promise<Seeded> {
  const { db, vault, elements } = context
  const big = await createOrganization({ db, vault }, { name: 'Big', email: 'big@localhost' })
  const small = await createOrganization({ db, vault }, { name: 'Small', email: 'small@localhost' })
  const version = (await elements.find(big.organizationId, '117'))!.version
  const copied = await sealOne(context, big.organizationId)
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query("set maintenance_work_mem = '512MB'")
    // Else the vacuum below finds rows whose commit is not on disk yet, and does not mark their pages.
    await client.query('set synchronous_commit = on')
    await client.query(rows.members)
    for (const [place, { organizationId, userId }] of [big, small].entries()) {
      await client.query(rows.member, [place, organizationId, userId])
    }
    const organizations = instances / 100
    await client.query(rows.others, [organizations - 1])
    for (const text of rows.ofOthers) await client.query(text)
    await client.query(rows.installed, [version])
    const { rows: slow } = await client.query(rows.slowIndexes)
    for (const { name } of slow) await client.query(`drop index ${name}`)
    for (let from = 0; from < instances; from += filledAtOnce) {
      const until = Math.min(from + filledAtOnce, instances) - 1
      await client.query(rows.instances, [from, until, organizations, version, instances])
    }
    for (const { definition } of slow) await client.query(definition)
    await client.query(rows.seals)
    const samples = []
    for (const access of [big, small]) samples.push(await giveTokens(context, client, access))
    await client.query(rows.tokens, [vault.hash('').pepperId])
    await client.query(rows.secrets, [tokenEntry, copied.dataKeyId, copied.sealed])
    await client.query(rows.auditEntries)
    await client.query('vacuum analyze')
    return { big: { ...big, ...samples[0]! }, small: { ...small, ...samples[1]! } }
  } finally {
    await client.end()
  }
}

async function sealOne({ vault }: Pick<Context, 'vault'>, organizationId: number) {
  const place = { owner: 'instance/0', entry: tokenEntry, secretVersion: 1, origins: [caller] }
  return vault.seal({ ...place, organizationId }, createToken('instance', organizationId))
}

/** Gives each instance of an organization a token of its own, sealed for its place. */
async function giveTokens(
  { vault }: Pick<Context, 'vault'>,
  client: pg.Client,
  { organizationId }: FirstAccess,
): Promise<Pick<SeededOrganization, 'instances' | 'sample'>> {
  const { rows: found } = await client.query<{ id: string; name: string; external: string | null }>(
    'select id, name, external_id as external from instances where organization_id = $1 order by id',
    [organizationId],
  )
  const seal = await vault.sealerOf(organizationId)
  const middle = found[Math.floor(found.length / 2)]!
  const sample = {
    id: Number(middle.id),
    token: '',
    text: rows.soughtIn(middle.name),
    externalId: found.find(({ external }) => external !== null)!.external!,
  }
  for (let at = 0; at < found.length; at += sealedAtOnce) {
    const given = found.slice(at, at + sealedAtOnce).map(({ id }) => {
      const place = { owner: `instance/${id}`, entry: tokenEntry, secretVersion: 1 }
      const token = createToken('instance', organizationId)
      if (Number(id) === sample.id) sample.token = token
      const { hash, pepperId } = vault.hash(token)
      return {
        id,
        pepperId,
        hash: hash.toString('hex'),
        ...seal({ ...place, origins: [caller] }, token),
      }
    })
    await client.query(rows.sealsGiven, [JSON.stringify(given)])
  }
  return { instances: found.length, sample }
}
