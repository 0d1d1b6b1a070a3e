import { EnvelopeError } from './envelope.ts'
import {
  type AnswerRow,
  listAnswers,
  listSecrets,
  listTokens,
  type Page,
  type Resealed,
  replaceAnswers,
  replaceHashes,
  replaceSecrets,
  type SecretRow,
  type TokenRow,
  type TokenTable,
} from './reseal-store.ts'
import type { Queries } from './store.ts'
import { tokenEntry } from './token.ts'
import { caller, type SecretPlace, type Vault } from './vault.ts'

/** The newest keys of an organization, which everything is to stand under. */
export interface Newest {
  dataKeyId: number
  pepperId: number
}

/** A table whose rows stand under a key, and how one of them comes under the newest. */
export interface Shelf<Row, Turned> {
  kind: 'secrets' | 'answers' | 'tokens'
  list(db: Queries, newest: Newest, page: Page<Row>): Promise<Row[]>
  isOld(row: Row): boolean
  /** @throws {EnvelopeError} for what does not open */
  turn(vault: Vault, organizationId: number, row: Row): Promise<Turned>
  /** Answers how many rows were written; the others were changed by someone else meanwhile. */
  replace(db: Queries, organizationId: number, turned: Turned[]): Promise<number>
  describe(row: Row): string
}

/** Secrets of instances, users and organizations, each under its organization's data key. */
export const secretsShelf: Shelf<SecretRow, Resealed<SecretRow>> = {
  kind: 'secrets',
  list: (db, newest, page) => listSecrets(db, { ...page, newest: newest.dataKeyId }),
  isOld: (row) => row.sealed !== null,
  turn: async (vault, organizationId, row) => ({
    row,
    ...(await vault.reseal({ organizationId, ...row }, row.sealed!)),
  }),
  replace: replaceSecrets,
  describe: (row) => `secret "${row.entry}", version ${row.secretVersion}, of ${row.owner}`,
}

/** Where the saved answer of an idempotency key belongs. */
export function answerPlace(
  organizationId: number,
  claim: { userId: number; route: string; key: string },
): SecretPlace {
  return {
    organizationId,
    owner: `idempotency/${claim.userId}`,
    entry: `${claim.route} ${claim.key}`,
    secretVersion: 1,
    origins: [caller],
  }
}

/** Saved answers of idempotency keys, each under its organization's data key. */
export const answersShelf: Shelf<AnswerRow, Resealed<AnswerRow>> = {
  kind: 'answers',
  list: (db, newest, page) => listAnswers(db, { ...page, newest: newest.dataKeyId }),
  isOld: (row) => row.sealed !== null,
  turn: async (vault, organizationId, row) => ({
    row,
    ...(await vault.reseal(answerPlace(organizationId, row), row.sealed!)),
  }),
  replace: replaceAnswers,
  describe: (row) => `saved answer to "${row.route}", key "${row.key}", of user/${row.userId}`,
}

/** Secrets of callers, as hashes under the pepper. */
export const userTokensShelf = tokensShelf('access_secrets', 'secret')
/** Tokens of instances, as hashes under the pepper. */
export const instanceTokensShelf = tokensShelf('instance_tokens', tokenEntry)

function tokensShelf(
  table: TokenTable,
  entry: string,
): Shelf<TokenRow, { row: TokenRow; pepperId: number; hash: Buffer }> {
  return {
    kind: 'tokens',
    list: (db, newest, page) => listTokens(db, { ...page, newest: newest.pepperId, table, entry }),
    isOld: (row) => row.isOld,
    turn: async (vault, organizationId, row) => ({
      row,
      ...vault.hash(await openToken(vault, organizationId, entry, row)),
    }),
    replace: (db, organizationId, turned) => replaceHashes(db, table, organizationId, turned),
    describe: (row) => `token "${entry}", version ${row.secretVersion}, of ${row.owner}`,
  }
}

async function openToken(vault: Vault, organizationId: number, entry: string, row: TokenRow) {
  const { owner, secretVersion, sealed } = row
  if (sealed === null) throw new EnvelopeError('its secret is gone')
  const place = { organizationId, owner, entry, secretVersion, origins: [caller] }
  const token = await vault.open(place, sealed, caller)
  const hash = vault.hashUnder(row.pepperId, token)
  if (hash && !hash.equals(row.hash)) throw new EnvelopeError('its secret is another one')
  return token
}
