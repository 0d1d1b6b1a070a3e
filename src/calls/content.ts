import type { Insertable } from 'kysely'
import type { Db } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import { caller, type Vault } from '../vault/vault.ts'
import type { CallKey } from './store.ts'

interface Needs {
  db: Db
  vault: Vault
}

/** What is sent; the body in base64. */
export interface KeptRequest {
  path: string
  headers: Record<string, string>
  body: string | null
  retries: number | undefined
}

/** What came back. */
export interface KeptAnswer {
  status: number
  /** In lower case; a header that came several times has its values in a list. */
  headers: Record<string, string | string[]>
  /** In base64 where it is no text. */
  body: string
  encoding: 'utf8' | 'base64'
  /** Whether there was more than is kept. */
  truncated: boolean
}

type Entry = 'request' | 'answer'
type Secret = Insertable<Tables['secrets']>
type Queries = Pick<Db, 'kysely'>

function ownerOf(id: number): string {
  return `call/${id}`
}

/** What a call sends to that origin, and nowhere else. */
export function sealRequest(vault: Vault, key: CallKey, origin: string, request: KeptRequest) {
  return seal(vault, key, 'request', origin, request)
}

/** What came back, for whoever has called. */
export function sealAnswer(vault: Vault, key: CallKey, answer: KeptAnswer) {
  return seal(vault, key, 'answer', caller, answer)
}

/** @throws {Refusal} `secrets-required` where the instance's calls go elsewhere by now */
export function openRequest(context: Needs, key: CallKey, origin: string): Promise<KeptRequest> {
  return open(context, key, 'request', origin)
}

export function openAnswer(context: Needs, key: CallKey): Promise<KeptAnswer> {
  return open(context, key, 'answer', caller)
}

/** Keeps what was sealed. */
export async function insertContent({ kysely }: Queries, sealed: Secret) {
  await kysely.insertInto('secrets').values(sealed).execute()
}

/** What was to be sent is not needed any more. */
export async function dropRequest({ kysely }: Queries, { organizationId, id }: CallKey) {
  await kysely
    .deleteFrom('secrets')
    .where('organizationId', '=', organizationId)
    .where('owner', '=', ownerOf(id))
    .where('entry', '=', 'request')
    .execute()
}

async function seal(
  vault: Vault,
  { organizationId, id }: CallKey,
  entry: Entry,
  origin: string,
  content: object,
): Promise<Secret> {
  const place = {
    organizationId,
    owner: ownerOf(id),
    entry,
    secretVersion: 1,
    origins: [origin],
  }
  return { ...place, ...(await vault.seal(place, JSON.stringify(content))) }
}

async function open(
  { db, vault }: Needs,
  { organizationId, id }: CallKey,
  entry: Entry,
  destination: string,
) {
  const place = { organizationId, owner: ownerOf(id), entry, secretVersion: 1 }
  const { sealed, origins } = await db.kysely
    .selectFrom('secrets')
    .select(['sealed', 'origins'])
    .where('organizationId', '=', organizationId)
    .where('owner', '=', place.owner)
    .where('entry', '=', entry)
    .executeTakeFirstOrThrow()
  return JSON.parse(await vault.open({ ...place, origins }, sealed, destination))
}
