import { setTimeout as delay } from 'node:timers/promises'
import type { Db } from '../database/database.ts'
import { EnvelopeError } from './envelope.ts'
import {
  answersShelf,
  instanceTokensShelf,
  type Newest,
  type Shelf,
  secretsShelf,
  userTokensShelf,
} from './shelves.ts'
import { listDataKeys, listOrganizations } from './store.ts'
import type { Vault } from './vault.ts'

export interface Tally {
  /** Rows looked at in the last pass, which is over everything. */
  scanned: number
  /** Rows brought under the newest key. */
  resealed: number
  /** Rows that someone else changed or held meanwhile; the next pass looked at them again. */
  contended: number
  /** Rows that do not open, and were left as they are. */
  failed: number
}

export interface SweepReport {
  secrets: Tally
  answers: Tally
  tokens: Tally
  /** The places of those that failed, the first hundred of them, and why. */
  failures: string[]
  /** Rows that are still under older keys after the last pass. */
  left: number
}

export interface SweepOptions {
  /** Makes data keys where there is none newer than this. */
  since?: Date
  /** Wraps every data key under these. */
  kekIds: readonly string[]
  pepperId: number
  /** Rows a statement. */
  batch?: number | undefined
  /** Organizations at once. */
  concurrency?: number | undefined
}

const maxPasses = 5
const contendedPauseMs = 200
const maxFailures = 100

/**
 * Brings every sealed row and every token's hash under the newest keys while the service works on:
 * pass after pass over all organizations, until one finds nothing to do.
 * @throws {KeyringError} for a data key that is wrapped only under keys not at hand
 */
export async function sweep(db: Db, vault: Vault, options: SweepOptions): Promise<SweepReport> {
  let report = emptyReport()
  for (let pass = 1; ; pass++) {
    const found = await passOver(db, vault, options)
    report = combine(report, found)
    const tallies = [found.secrets, found.answers, found.tokens]
    const contended = tallies.some((tally) => tally.contended > 0)
    const resealed = tallies.some((tally) => tally.resealed > 0)
    if ((!contended && !resealed) || pass === maxPasses) return report
    if (contended) await delay(contendedPauseMs)
  }
}

/** Calls `work` for every organization, at most `concurrency` at once. */
export async function forEachOrganization(
  db: Db,
  concurrency: number,
  work: (organizationId: number) => Promise<void>,
) {
  const organizations = listAll(db)
  const worker = async () => {
    for await (const organizationId of organizations) await work(organizationId)
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}

async function* listAll(db: Db) {
  let after = -1
  for (;;) {
    const page = await listOrganizations(db, { after, limit: 500 })
    yield* page
    const last = page.at(-1)
    if (last === undefined) return
    after = last
  }
}

async function passOver(db: Db, vault: Vault, options: SweepOptions): Promise<SweepReport> {
  const report = emptyReport()
  await forEachOrganization(db, options.concurrency ?? 2, async (organizationId) => {
    await vault.rewrap(organizationId, options.kekIds)
    if (options.since) await vault.turnDataKey(organizationId, options.since)
    const dataKeyId = (await listDataKeys(db, organizationId)).at(-1)?.id
    if (dataKeyId === undefined) return
    vault.forgetDataKeys(organizationId)
    const place = { organizationId, newest: { dataKeyId, pepperId: options.pepperId } }
    const batch = options.batch ?? 500
    // Tokens last: what they are is read from the secrets.
    await walk(db, vault, secretsShelf, place, batch, report)
    await walk(db, vault, answersShelf, place, batch, report)
    await walk(db, vault, userTokensShelf, place, batch, report)
    await walk(db, vault, instanceTokensShelf, place, batch, report)
  })
  return report
}

async function walk<Row, Turned>(
  db: Db,
  vault: Vault,
  shelf: Shelf<Row, Turned>,
  { organizationId, newest }: { organizationId: number; newest: Newest },
  batch: number,
  report: SweepReport,
) {
  const tally = report[shelf.kind]
  let after: Row | undefined
  for (;;) {
    const rows = await shelf.list(db, newest, { organizationId, after, limit: batch })
    tally.scanned += rows.length
    const turned: Turned[] = []
    for (const row of rows.filter(shelf.isOld)) {
      try {
        turned.push(await shelf.turn(vault, organizationId, row))
      } catch (error) {
        if (!(error instanceof EnvelopeError)) throw error
        report.left++
        tally.failed++
        if (report.failures.length < maxFailures) {
          const where = `${shelf.describe(row)}, organization ${organizationId}`
          report.failures.push(`${where}: ${error.message}`)
        }
      }
    }
    const written = turned.length > 0 ? await shelf.replace(db, organizationId, turned) : 0
    tally.resealed += written
    tally.contended += turned.length - written
    report.left += turned.length - written
    if (rows.length < batch) return
    after = rows.at(-1)
  }
}

function emptyReport(): SweepReport {
  const tally = () => ({ scanned: 0, resealed: 0, contended: 0, failed: 0 })
  return { secrets: tally(), answers: tally(), tokens: tally(), failures: [], left: 0 }
}

/** What was done adds up; what was found is that of the later pass. */
function combine(earlier: SweepReport, later: SweepReport): SweepReport {
  const add = (kind: 'secrets' | 'answers' | 'tokens'): Tally => ({
    ...later[kind],
    resealed: earlier[kind].resealed + later[kind].resealed,
    contended: earlier[kind].contended + later[kind].contended,
  })
  return { ...later, secrets: add('secrets'), answers: add('answers'), tokens: add('tokens') }
}
