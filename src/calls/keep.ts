import { randomUUID } from 'node:crypto'
import type { Context } from '../context.ts'
import { transaction } from '../database/database.ts'
import type { GatewayRequest } from '../gateway/call.ts'
import type { Callable } from '../gateway/callable.ts'
import { type CallBody, letGo, readBody } from '../gateway/keep-body.ts'
import type { Keep } from '../gateway/later.ts'
import { Refusal } from '../http/errors.ts'
import { insertContent, sealRequest } from './content.ts'
import { wake } from './job.ts'
import { showWhole } from './show.ts'
import { type Amount, countKept, insertCall, nextCallId } from './store.ts'

const maxBody = 1024 * 1024
/** Of one instance, and of all of an organization. */
const mostOfInstance = { count: 10_000, bytes: 256 * 1024 * 1024 }
const mostOfAll = { count: 40_000, bytes: 1024 * 1024 * 1024 }

/**
 * Keeps a call to be sent when the limits of its instance let it through, sealed for the origin that
 * it would go to now.
 * @throws {Refusal} `call-too-large`, `calls-too-many`
 * @throws {EgressFailure} `aborted` where the client leaves, or is too slow
 */
export const keepForLater: Keep = async (context, callable, request, options) => {
  const { db, jobs, vault } = context
  const { organizationId, instanceId, principal, base } = callable
  const { method, path } = request
  const { body, size } = await readKept(context, callable, request.body)
  await requireRoom(context, callable, size)
  const key = { organizationId, id: await nextCallId(db) }
  const headers = headersFor(callable, request)
  const content = { path, headers, body, retries: options.retries }
  const secret = await sealRequest(vault, key, base.origin, content)
  const stored = await transaction(db, async (tx) => {
    const call = { ...key, instanceId, userId: principal.user.id, method, size }
    const inserted = await insertCall(tx, call)
    await insertContent(tx, secret)
    await wake(jobs, tx, inserted)
    return inserted
  })
  return showWhole(context, stored)
}

async function readKept(
  { bodyRoom, egress }: Pick<Context, 'bodyRoom' | 'egress'>,
  { organizationId }: Callable,
  given: CallBody,
): Promise<{ body: string | null; size: number }> {
  if (given.kind === 'none') return { body: null, size: 0 }
  const reading = { room: bodyRoom, organizationId, idleMs: egress.idleMs }
  const limit = { bytes: maxBody, refuse: tooLarge }
  const body = await readBody(given, limit, reading)
  try {
    if (body.kind === 'none') return { body: null, size: 0 }
    return { body: body.bytes.toString('base64'), size: body.bytes.length }
  } finally {
    letGo(body, given, reading)
  }
}

/** What came before is counted as it is now: a few may come in beside it. */
async function requireRoom({ db }: Pick<Context, 'db'>, callable: Callable, size: number) {
  const { ofInstance, ofAll } = await countKept(db, callable, { most: mostOfAll.count })
  if (!isRoom(ofAll, mostOfAll, size)) {
    throw tooMany(
      `${ofAll.count} calls of this organization wait already, with bodies of ${ofAll.bytes} bytes. Send more when fewer do, give their instances higher limits, or cancel some: \`GET /calls?state=waiting\` lists your own.`,
    )
  }
  if (!isRoom(ofInstance, mostOfInstance, size)) {
    throw tooMany(
      `${ofInstance.count} calls of this instance wait already, with bodies of ${ofInstance.bytes} bytes. Send more when fewer do, or give the instance a higher limit.`,
    )
  }
}

function isRoom(waiting: Amount, most: Amount, size: number): boolean {
  return waiting.count < most.count && waiting.bytes + size <= most.bytes
}

function tooMany(message: string): Refusal {
  return new Refusal('calls-too-many', { message, retryAfter: 60 })
}

/** Its answer is kept to be read: it comes as it is. Where the vendor knows it again, it may. */
function headersFor({ connection }: Callable, { headers }: GatewayRequest) {
  const { 'accept-encoding': _, ...kept } = headers
  const known = connection.element.gateway?.idempotencyHeader?.toLowerCase()
  return known === undefined ? kept : { [known]: randomUUID(), ...kept }
}

function tooLarge(): Refusal {
  return new Refusal(
    'call-too-large',
    'A call that is sent later may have a body of 1 MiB. Send it without "Prefer: respond-async", or in parts.',
  )
}
