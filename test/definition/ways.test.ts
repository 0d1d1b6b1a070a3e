import { expect, test } from 'vitest'
import { definition, faultsOf, probe } from './definition.ts'

const [basic] = definition().authentications
const other = { ...basic!, key: 'other' }
const zone = {
  key: 'zone',
  name: 'Zone',
  type: 'url',
  discovered: true,
  hosts: ['*.example.com'],
}
const both = (one: object, two: object = {}) => [
  { ...basic, ...one },
  { ...other, ...two },
]
const find = (authentications: string[]) => ({
  ...probe,
  base: '{server.url}',
  authentications,
  extract: { zone: { json: '/zone' } },
})
const zoned = { entries: [...definition().entries, zone] }

test.each<[string, object, string]>([
  [
    'a second default',
    { authentications: both({ default: true }, { default: true }) },
    '/authentications/1/default: another one is the default already',
  ],
  [
    'a default that is none',
    { authentications: both({ default: false }) },
    '/authentications/0/default: ',
  ],
  [
    'a probe for an authentication that is not there',
    { probes: [{ ...probe, authentications: ['basic', 'nobody'] }] },
    '/probes/0/authentications: the element has no authentication "nobody"',
  ],
  [
    'an address without a host',
    { authentications: both({}, { baseUrl: '{api.path}' }) },
    '/authentications/1/baseUrl: must start with an entry of type url, or with a scheme and host',
  ],
  [
    'a secret in its address',
    { authentications: both({}, { baseUrl: 'https://{pass.word}.example.com' }) },
    '/authentications/1/baseUrl: must not hold the secret {pass.word}: addresses are shown',
  ],
  [
    'an address that only the probes of another one find',
    {
      ...zoned,
      authentications: both({}, { baseUrl: '{zone}' }),
      probes: [find(['basic']), probe],
    },
    '/probes/1: needs {zone} before any step has extracted it',
  ],
])('%s is refused, with its place', (_, changes, fault) => {
  const faults = faultsOf(definition(changes))
  expect(faults.filter((one) => one.startsWith(`x.json${fault}`))).toHaveLength(1)
})

test.each<[string, object]>([
  ['one default of several', { authentications: both({ default: true }) }],
  [
    'an address of its own, that its probe finds',
    {
      ...zoned,
      authentications: both({}, { baseUrl: '{zone}/v2' }),
      probes: [find(['other']), probe],
    },
  ],
])('%s is accepted', (_, changes) => {
  expect(faultsOf(definition(changes))).toEqual([])
})
