import createClient from 'openapi-fetch'
import type { paths } from './generated/openapi-typescript.js'
import type { Caller, Outcome } from './outcome.js'

export async function provision(caller: Caller, password: string): Promise<Outcome> {
  const client = createClient<paths>({
    baseUrl: caller.url,
    headers: { Authorization: caller.authorization },
  })
  const { data, error } = await client.POST('/instances', {
    body: {
      element: { key: 'connectwisehd' },
      name: 'Made with openapi-fetch',
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
  const again = await client.GET('/instances/{id}', { params: { path: { id } } })
  return { id, token, state, again: again.data?.token }
}
