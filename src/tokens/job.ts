import { tokenLogin } from '../authentication/token-login.ts'
import { renderStep } from '../exchange/step.ts'
import { Refusal } from '../http/errors.ts'
import { openInstance, type StoredConnection } from '../instances/connection.ts'
import { type RefreshJob, sendRefresh } from '../instances/token-life.ts'
import { accessFor, type Needs, waysFor } from './renew.ts'
import { readLife } from './store.ts'

const shortestWaitSeconds = 1
const longestWaitSeconds = 5

/**
 * Refreshes tokens ahead of their end, unless later ones are there already. Where too many others
 * wait for the same host, the job comes again in a few seconds.
 */
export async function refreshAhead(context: Needs, job: RefreshJob): Promise<void> {
  const { organizationId, instanceId, version } = job
  const key = { organizationId, instanceId }
  const life = await readLife(context.db, key)
  if (life?.version !== version || life.disabled) return
  try {
    const connection = await openInstance(context, { organizationId, id: instanceId })
    using place = context.renewals.enter(hostOf(connection))
    if (place) await accessFor(context, key, version)
    else await sendRefresh(context.jobs, context.db.pool, job, aWhile())
  } catch (error) {
    // What a vendor refuses is noted, and the next try has its time.
    if (!(error instanceof Refusal)) throw error
  }
}

/** Where the tokens are asked for. */
function hostOf({ tokens, credentials, element }: StoredConnection): string {
  const [way] = tokens ? waysFor({ tokens, credentials }) : []
  return way ? new URL(renderStep(tokenLogin(way).step, element, credentials.values).url).host : ''
}

function aWhile(): number {
  return shortestWaitSeconds + Math.random() * (longestWaitSeconds - shortestWaitSeconds)
}
