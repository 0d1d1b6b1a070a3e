import type { Authentication } from '../../src/authentication/authentication.ts'
import { Sessions } from '../../src/authentication/sessions.ts'
import type { Egress } from '../../src/egress/client.ts'
import { Breakers } from '../../src/gateway/breaker.ts'
import { call } from '../../src/gateway/call.ts'
import { Challenges } from '../../src/gateway/challenges.ts'
import { Renewals } from '../../src/tokens/renewals.ts'

/** What a process knows that calls vendors. */
export function createCaller(egress: Egress) {
  return {
    egress,
    sessions: new Sessions(),
    breakers: new Breakers(),
    challenges: new Challenges(),
    renewals: new Renewals(),
    probeDeadlineMs: 10_000,
  }
}

/** A GET as an instance whose sessions are in memory, at a vendor that is an element by itself. */
export async function callInSession(
  caller: ReturnType<typeof createCaller>,
  instanceId: number,
  authentication: Authentication,
  values: Record<string, string>,
  server: string,
) {
  const element = {
    name: 'Vendor',
    baseUrl: server,
    entries: [],
    authentications: [authentication],
  }
  const credentials = { element, authentication, values: new Map(Object.entries(values)) }
  const record = { organizationId: 1, id: instanceId, revision: 1 }
  const connection = { record, element, credentials, tokens: undefined, secrets: [] }
  const base = new URL(`${server}/`)
  const opened = {
    organizationId: 1,
    instanceId,
    connection,
    base,
    settings: {},
    limited: undefined,
  }
  const request = { method: 'GET', path: '/x', headers: {}, body: { kind: 'none' as const } }
  const place = { signal: new AbortController().signal, told: {}, waitMs: 1000, retries: 0 }
  const { answer, end } = await call(caller as never, opened as never, request, place)
  const body = await answer.read(1024 * 1024)
  end()
  return { status: answer.status, body }
}
