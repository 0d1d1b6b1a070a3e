import { call } from '../support/client.ts'
import type { World } from '../support/world.ts'

export interface Draft {
  element?: string
  name?: string
  tags?: string[]
  externalId?: string
  configuration?: object
}

/** Stores an instance without asking a vendor, and answers it. */
export async function draft(
  world: Pick<World, 'url' | 'authorization'>,
  { element = 'connectwisehd', ...given }: Draft = {},
) {
  const configuration = {
    'helpdesk.connectwise.username': 'api1',
    'helpdesk.connectwise.password': 'api1-api1-api1',
    'helpdesk.connectwise.server.url': 'https://help.example.com',
    'helpdesk.connectwise.company': 'company_f',
  }
  const body = { element: { key: element }, name: 'Test', configuration, verify: false, ...given }
  const answer = await call(world, 'POST', '/instances', { body })
  if (answer.status !== 200) throw new Error(answer.text)
  return answer.body
}

/** The ids of a list that was answered. */
export function idsOf({ body }: { body: { id: number }[] }): number[] {
  return body.map(({ id }) => id)
}
