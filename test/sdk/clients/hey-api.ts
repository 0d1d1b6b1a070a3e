import { createClient } from './generated/hey-api/client/index.js'
import { createElementInstance, getInstance } from './generated/hey-api/index.js'
import type { Caller, Outcome } from './outcome.js'

export async function provision(caller: Caller, password: string): Promise<Outcome> {
  const client = createClient({ baseUrl: caller.url, auth: caller.authorization })
  const { data, error } = await createElementInstance({
    client,
    path: { keyOrId: 'connectwisehd' },
    body: {
      name: 'Made with Hey API',
      configuration: {
        'helpdesk.connectwise.username': 'api1',
        'helpdesk.connectwise.password': password,
        'helpdesk.connectwise.server.url': caller.sandboxUrl,
        'helpdesk.connectwise.company': 'company_f',
      },
      settings: { rateLimits: [{ amount: 10, unit: 'second' }] },
    },
  })
  if (error) {
    const { code, message, requestId, probe } = error
    return { code, message, requestId, vendorStatus: probe?.response?.status }
  }
  const { id, token, state } = data
  const again = await getInstance({ client, path: { id } })
  return { id, token, state, again: again.data?.token }
}
