import { request } from 'undici'
import type { World } from './world.ts'

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: a test states what it expects of the body
  body: any
}

/** One HTTP request to the service, as the world's user unless told otherwise. */
export async function call(
  world: Pick<World, 'url' | 'authorization'>,
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  options: { body?: unknown; headers?: Record<string, string>; authorization?: string | null } = {},
): Promise<Answer> {
  const { body, headers = {}, authorization = world.authorization } = options
  const answer = await request(world.url + path, {
    method,
    headers: {
      ...(authorization !== null && { authorization }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    headersTimeout: 60_000,
  })
  const text = await answer.body.text()
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    parsed = undefined
  }
  return { status: answer.statusCode, headers: answer.headers, text, body: parsed }
}

/** The request that a newcomer sends first, to the world's sandbox. */
export function helpDesk(world: { sandbox: { url: string } }, configuration: object = {}) {
  return {
    element: { key: 'connectwisehd' },
    configuration: {
      'helpdesk.connectwise.username': 'api1',
      'helpdesk.connectwise.password': 'api1',
      'helpdesk.connectwise.server.url': world.sandbox.url,
      'helpdesk.connectwise.company': 'company_f',
      ...configuration,
    },
    tags: ['help desk'],
    name: 'Test',
  }
}

/** How many rows of each table the service may write to while it provisions. */
export async function countStored(world: Pick<World, 'context'>): Promise<Record<string, number>> {
  const { rows } = await world.context.db.pool.query(`
    select (select count(*) from instances) as instances, (select count(*) from secrets) as secrets,
      (select count(*) from instance_tokens) as tokens, (select count(*) from audit_entries) as audit,
      (select count(*) from idempotency_claims) as claims`)
  return rows[0]
}
