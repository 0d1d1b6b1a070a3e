import { expect } from 'vitest'
import type { OwnDefinition } from '../../src/definition/element.ts'
import { type Answer, call } from '../support/client.ts'
import type { World } from '../support/world.ts'

/** Requests of that caller, each with the status that it has to get. */
export const sendAs =
  (caller: () => Pick<World, 'url' | 'authorization'>) =>
  async (
    status: number,
    method: Parameters<typeof call>[1],
    path: string,
    body?: unknown,
  ): Promise<Answer> => {
    const answer = await call(caller(), method, path, { body })
    const told = answer.body?.message
    expect([method, path, answer.status, told]).toEqual([method, path, status, told])
    return answer
  }

/** What an author writes who has a ticket system with an API key; `server` is where it is. */
export function tickets(server: string, changes: object = {}): OwnDefinition {
  return {
    format: 1,
    name: 'Acme Tickets',
    hub: 'helpdesk',
    description: 'Tickets of the help desk at Acme.',
    configDescription: 'Connect with an API key.',
    entries: [
      { key: 'server', name: 'Server', type: 'url', default: server, order: 2 },
      { key: 'api.key', name: 'API key', type: 'password', required: true, secret: true, order: 1 },
      { key: 'page', name: 'Page size', type: 'number', default: 50, advanced: true, order: 3 },
    ],
    baseUrl: '{server}',
    authentications: [{ type: 'bearer', name: 'API key', token: '{api.key}' }],
    probes: [
      { method: 'GET', path: 'me', rules: [{ when: { status: 200 }, verdict: 'verified' }] },
    ],
    ...changes,
  }
}

/** The same with one of its entries changed. */
export function withEntry(definition: OwnDefinition, key: string, changes: object): OwnDefinition {
  const entries = definition.entries.map((entry) =>
    entry.key === key ? { ...entry, ...changes } : entry,
  )
  return { ...definition, entries }
}
