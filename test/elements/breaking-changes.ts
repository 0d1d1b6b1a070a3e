import type { OwnDefinition } from '../../src/definition/element.ts'
import { withEntry } from './tickets.ts'

/** What each change would break, and why; the instance has an API key and the page size 7. */
export const breakingChanges: [
  title: string,
  change: (first: OwnDefinition, elsewhere: string) => object,
  key: string,
  reason: string,
][] = [
  [
    'a required entry that it does not have',
    ({ entries, ...rest }) => ({
      ...rest,
      entries: [...entries, { key: 'team', name: 'Team', type: 'text', required: true }],
    }),
    'team',
    'is required now (Team)',
  ],
  [
    'other options',
    (changed) => withEntry(changed, 'page', { default: undefined, options: [{ value: '20' }] }),
    'page',
    'must be one of "20"',
  ],
  [
    'another type',
    (changed) => withEntry(changed, 'page', { type: 'boolean', default: false }),
    'page',
    'must be true or false',
  ],
  [
    'an entry made secret that was in the open',
    (changed) => withEntry(changed, 'page', { type: 'password', secret: true, default: undefined }),
    'page',
    'is a secret now',
  ],
  [
    'another host for its secret',
    (changed, elsewhere) => ({ ...changed, baseUrl: elsewhere }),
    'api.key',
    'would go to',
  ],
  [
    'a probe at another host',
    ({ probes, ...rest }, elsewhere) => ({
      ...rest,
      probes: [{ ...probes![0]!, base: elsewhere }],
    }),
    'api.key',
    'would go to',
  ],
  [
    'its authentication taken away',
    ({ authentications: [one], ...rest }) => ({
      ...rest,
      authentications: [{ ...one!, key: 'renamed' }],
    }),
    'authentication.type',
    'no longer offered',
  ],
  [
    'an address that the vendor has to tell first',
    ({ entries, probes, ...rest }) => ({
      ...rest,
      entries: [...entries, { key: 'zone', name: 'Zone', type: 'text', discovered: true }],
      baseUrl: `${rest.baseUrl}/{zone}`,
      probes: [
        {
          ...probes![0]!,
          base: '{server}',
          authenticate: false,
          extract: { zone: { json: '/zone' } },
        },
      ],
    }),
    'zone',
    'is told by the vendor',
  ],
]
