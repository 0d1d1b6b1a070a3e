import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { claimImport, finishImport, type ImportKeyOfSource, releaseImport } from './import-store.ts'

/** Besides the probe. */
const graceSeconds = 5

/** Completes what `takeOver` began, in the transaction that stores the instance. */
export type Finish = (client: pg.PoolClient, instanceId: number) => Promise<void>

/**
 * Takes an instance over that no request has taken over before; `work` runs once at a time.
 * @returns what `work` does, or the id of the instance that is there
 * @throws {Refusal} `request-in-progress` while another request is at it
 */
export async function takeOver<Result>(
  { db, probeDeadlineMs }: Pick<Context, 'db' | 'probeDeadlineMs'>,
  key: ImportKeyOfSource,
  told: { disabled: boolean; requestId: string; address: string },
  work: (finish: Finish) => Promise<Result>,
): Promise<{ made: Result } | { there: number }> {
  const holder = randomUUID()
  const seconds = Math.ceil(probeDeadlineMs / 1000) + graceSeconds
  const known = await claimImport(db, key, { holder, seconds })
  if (known?.instanceId) return { there: known.instanceId }
  if (known) throw underWay(known.leasedFor)
  const finish: Finish = async (client, instanceId) => {
    const isOurs = await finishImport(client, key, { ...told, holder, instanceId })
    if (!isOurs) throw underWay(seconds)
  }
  try {
    return { made: await work(finish) }
  } catch (error) {
    // Anything else may have been a lost acknowledgement: the lease decides.
    const isKnown = error instanceof Refusal && error.code !== 'outcome-unknown'
    if (isKnown) await releaseImport(db, key, holder)
    throw error
  }
}

function underWay(seconds: number): Refusal {
  return new Refusal('request-in-progress', {
    message: 'Another request takes this instance over at this moment. Send the line again.',
    retryAfter: Math.max(1, Math.ceil(seconds)),
  })
}
