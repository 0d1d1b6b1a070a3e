import { expect, test } from 'vitest'
import { definition, faultsOf, probe } from './definition.ts'

const plain = definition()
const basic = { type: 'basic', name: 'B', username: '', password: '' }
const soap = { type: 'soap', name: 'S', element: 'c', fields: [{ name: 'a', value: '' }] }
const probing = (changes: object) => ({ probes: [{ ...probe, ...changes }] })
const rule = (when: object) => probing({ rules: [{ when, verdict: 'verified' }] })
const leaves = 'x.json/probes/0/path: must not leave the base URL'

const wrong: [string, object, string][] = [
  [
    'a stranger in an authentication',
    { authentications: [{ ...basic, password: '{x}' }] },
    'x.json/authentications/0/password: the placeholder {x} names no entry',
  ],
  [
    'a stranger in the path',
    probing({ path: 'a/{x}' }),
    'x.json/probes/0/path: the placeholder {x} names no entry',
  ],
  [
    'a stranger in the query',
    probing({ query: { a: '{x}' } }),
    'x.json/probes/0/query/a: the placeholder {x} names no entry',
  ],
  [
    'a stranger in a header',
    probing({ headers: { a: '{x}' } }),
    'x.json/probes/0/headers/a: the placeholder {x} names no entry',
  ],
  [
    'a stranger in the body',
    probing({ method: 'POST', body: { json: [{ a: '{x}' }] } }),
    'x.json/probes/0/body/json/0/a: the placeholder {x} names no entry',
  ],
  [
    'no authentication',
    { authentications: [] },
    'x.json/authentications: must not have fewer than 1 items',
  ],
  [
    'an unknown one',
    { authentications: [{ ...basic, type: 'x' }] },
    'x.json/authentications/0/type: must be none or basic or',
  ],
  [
    'one with a member too many',
    { authentications: [{ ...basic, x: 1 }] },
    'x.json/authentications/0/x: is not known here',
  ],
  [
    'two of one type',
    { authentications: [basic, basic] },
    'x.json/authentications: "basic" is there twice',
  ],
  [
    'soap without an envelope',
    { authentications: [soap] },
    'x.json/probes/0/body: soap needs an envelope to put credentials in',
  ],
  [
    'a field that is no XML name',
    { authentications: [{ ...soap, element: 'a b' }] },
    'x.json/authentications/0/element: must match pattern',
  ],
  ['a path from the root', probing({ path: '/me' }), 'x.json/probes/0/path: must match pattern'],
  ['a path with a query', probing({ path: 'me?x=1' }), 'x.json/probes/0/path: must match pattern'],
  ['a path upwards', probing({ path: 'a/../../b' }), leaves],
  ['a path upwards, encoded', probing({ path: 'a/%2E./b' }), leaves],
  [
    'a name that is no header',
    probing({ headers: { 'a b': '' } }),
    'x.json/probes/0/headers: "a b" is no name of a header',
  ],
  [
    'a header twice',
    probing({ headers: { A: '', a: '' } }),
    'x.json/probes/0/headers: "a" is there twice',
  ],
  ['a GET with a body', probing({ body: { xml: '<a/>' } }), 'x.json/probes/0/body: a GET has none'],
  [
    'a body of two kinds',
    probing({ method: 'POST', body: { xml: '', form: {} } }),
    'x.json/probes/0/body/form: is not known here',
  ],
  [
    'a misspelt condition',
    rule({ state: 200 }),
    'x.json/probes/0/rules/0/when/state: is not known here',
  ],
  [
    'a misspelt one in it',
    rule({ json: { pointer: '', equal: 1 } }),
    'x.json/probes/0/rules/0/when/json/equal: is not known here',
  ],
  [
    'another in it',
    rule({ xml: { path: 'a', equal: '' } }),
    'x.json/probes/0/rules/0/when/xml/equal: is not known here',
  ],
  [
    'a pointer that is none',
    rule({ json: { pointer: 'a/b' } }),
    'x.json/probes/0/rules/0/when/json/pointer: must match pattern',
  ],
  [
    'a status that is none',
    rule({ status: 42 }),
    'x.json/probes/0/rules/0/when/status: must be >= 100',
  ],
  [
    'an empty list of words',
    rule({ says: [] }),
    'x.json/probes/0/rules/0/when/says: must not have fewer than 1 items',
  ],
]

test.each(wrong)('%s is refused, with place and reason', (_, changes, fault) => {
  const faults = faultsOf({ ...plain, ...changes })
  expect(faults.filter((one) => one.startsWith(fault))).not.toEqual([])
  expect(faults.length).toBeLessThan(6)
})

test('all that is wrong is told at once', () => {
  const given = { ...plain, baseUrl: 'x/{y}', key: 'keys', ...probing({ path: '../{z}' }) }
  expect(faultsOf(given)).toEqual([
    'x.json/key: "keys" is a word that routes use',
    'x.json/baseUrl: the placeholder {y} names no entry',
    'x.json/probes/0/path: the placeholder {z} names no entry',
    'x.json/baseUrl: must start with an entry of type url, or with a scheme and host',
    leaves,
  ])
})

test('words that only look like placeholders may stand in rules', () => {
  const says = { when: { says: ['{code}'] }, verdict: 'verified', message: 'It says {code}.' }
  expect(faultsOf({ ...plain, ...probing({ rules: [says] }) })).toEqual([])
})
