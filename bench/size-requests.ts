import { type Seeded, type SeededOrganization, seededTag } from './seed.ts'

/** What is asked for, and of whose instances. */
export interface SizeRequest {
  what: string
  path: string
  headers: Record<string, string>
  body?: string
}

/** The requests whose cost must not depend on how many instances there are. */
export function sizeRequests(seeded: Seeded, vendorUrl: string): SizeRequest[] {
  return [
    ...requestsOf('the big one', seeded.big, vendorUrl),
    ...requestsOf('a small one', seeded.small, vendorUrl),
  ]
}

function requestsOf(
  whose: string,
  { userSecret, organizationSecret, sample }: SeededOrganization,
  vendorUrl: string,
): SizeRequest[] {
  const authorization = `User ${userSecret}, Organization ${organizationSecret}`
  const read = (what: string, path: string, more = '') => ({
    what: `${what}, ${whose}`,
    path,
    headers: { authorization: authorization + more },
  })
  const middle = Buffer.from(String(sample.id)).toString('base64url')
  const list = `/instances?pageSize=50&tags[]=${seededTag}`
  return [
    read('get', `/instances/${sample.id}`),
    read('token look-up', '/instances', `, Element ${sample.token}`),
    read('list', '/instances?pageSize=50'),
    read('list, from the middle', `/instances?pageSize=50&nextPage=${middle}`),
    read('list by external id', `/instances?externalId=${sample.externalId}`),
    read('list by tag', list),
    read('list by tag, from the middle', `${list}&nextPage=${middle}`),
    read('search of one', `/instances?pageSize=50&searchText=${sample.text}`),
    read('search of a fifth', '/instances?pageSize=50&searchText=acme'),
    {
      what: `create, ${whose}`,
      path: '/instances',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({
        element: { key: 'connectwisehd' },
        configuration: {
          'helpdesk.connectwise.username': 'api1',
          'helpdesk.connectwise.password': 'api1',
          'helpdesk.connectwise.server.url': vendorUrl,
          'helpdesk.connectwise.company': 'company_f',
        },
        tags: [seededTag],
        // As long as those that are there: a shorter one would fit into what is left of their pages.
        name: 'Acme help desk 0123456789ab',
      }),
    },
  ]
}
