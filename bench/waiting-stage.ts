import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { createCaller, help, nextMessage, startService } from './stage.ts'
import type { CallersOrder, CallersReport } from './waiting-callers.ts'
import type { Held, ProbeOrder, Stall } from './waiting-probe.ts'

/** The service, its vendor and many callers, each in a process of its own. */
export interface WaitingStage extends AsyncDisposable {
  memory(): Promise<Held>
  /** The longest since it was asked last. */
  stall(): Promise<Stall>
  call(order: Pick<CallersOrder, 'calls' | 'waitSeconds' | 'together'>): Promise<CallersReport>
  /** One more, beside those. */
  callBeside(waitSeconds: number): Promise<Beside>
  /** From now on so many calls may start in an hour; in a second, where it is for the limit to be far away. */
  allow(amount: number, unit: 'second' | 'hour'): Promise<void>
  /** Of the calls, those that wait for their turn. */
  waiting(): Promise<number>
}

export interface Beside {
  status: number
  /** Of our own refusal. */
  code: string | null
  retryAfter: string | null
  body: { limit?: { waiting: number; longestWait: number } }
}

/** @param databaseUrl of a database that nothing else uses */
export async function setWaitingStage(databaseUrl: string): Promise<WaitingStage> {
  await using resources = new AsyncDisposableStack()
  const key = randomBytes(32)
  const caller = await createCaller(databaseUrl, [{ id: 'bench', key }])
  const user = `User ${caller.userSecret}, Organization ${caller.organizationSecret}`
  const vendor = await help(resources, new URL('./gateway-vendor.ts', import.meta.url))
  const callers = await help(resources, new URL('./waiting-callers.ts', import.meta.url))
  const probe = fileURLToPath(new URL('./waiting-probe.ts', import.meta.url))
  const { url, child } = await startService(resources, ['--import', probe], {
    DATABASE_URL: databaseUrl,
    LATCHKEY_KEYS: `bench:${key.toString('base64')}`,
    LATCHKEY_EGRESS_ALLOW: new URL(vendor.url).host,
  })
  // It would wait for the calls that wait.
  resources.defer(() => void child.kill('SIGKILL'))
  const send = async <Answer>(method: string, path: string, body?: object): Promise<Answer> => {
    const answer = await fetch(url + path, {
      method,
      headers: { authorization: user, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`)
    return (await answer.json()) as Answer
  }
  await send('POST', '/elements', element)
  const { id, token } = await send<{ id: number; token: string }>('POST', '/instances', {
    element: { key: element.key },
    name: 'Waited for',
    configuration: { url: vendor.url, key: 'an-unguessable-key-of-the-measured-vendor' },
  })
  const authorization = `${user}, Element ${token}`
  const ask = <Answer>(order: ProbeOrder): Promise<Answer> => {
    child.send(order)
    return nextMessage<Answer>(child)
  }
  const stage = resources.move()
  return {
    memory: () => ask<Held>('memory'),
    stall: () => ask<Stall>('stall'),
    call(order) {
      callers.child.send({ url, path: '/proxy/contacts/1', authorization, ...order })
      return nextMessage<CallersReport>(callers.child)
    },
    async callBeside(waitSeconds) {
      const headers = { authorization, 'elements-wait-timeout': String(waitSeconds) }
      const answer = await fetch(`${url}/proxy/contacts/1`, { headers })
      const { status, headers: told } = answer
      const [code, retryAfter] = [told.get('elements-error'), told.get('retry-after')]
      return { status, code, retryAfter, body: (await answer.json()) as Beside['body'] }
    },
    async allow(amount, unit) {
      const settings = { rateLimits: [{ amount, unit }] }
      await send('PATCH', `/instances/${id}`, { settings })
    },
    async waiting() {
      const path = `/instances/${id}/limits`
      return (await send<{ rateLimit: { waiting: number } }>('GET', path)).rateLimit.waiting
    },
    [Symbol.asyncDispose]: () => stage.disposeAsync(),
  }
}

const element = {
  format: 1,
  key: 'measured',
  name: 'Measured',
  hub: 'crm',
  description: 'A vendor that costs as little as one can.',
  configDescription: 'Its address and a key.',
  entries: [
    { key: 'url', name: 'URL', type: 'url', required: true },
    { key: 'key', name: 'Key', type: 'password', required: true, secret: true },
  ],
  baseUrl: '{url}',
  authentications: [{ type: 'bearer', name: 'Key', token: '{key}' }],
}
