import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseElement } from '../../src/definition/element.ts'
import { definition, faultsOf } from './definition.ts'

const plain = definition()
const url = { key: 'u', name: 'U', type: 'url' }
const text = { key: 't', name: 'T', type: 'text' }
const path = { key: 'p', name: 'P', type: 'path' }
const secret = { key: 's', name: 'S', type: 'password', secret: true }
const entries = (...list: object[]) => ({
  entries: list,
  baseUrl: 'https://a',
  authentications: [{ type: 'basic', name: 'B', username: '', password: '' }],
  probes: [],
})
const addressed = (baseUrl: string) => ({ ...entries(url, text, path, secret), baseUrl })

const startsWrong =
  'x.json/baseUrl: must start with an entry of type url, or with a scheme and host'
const goesOnWrong = 'x.json/baseUrl: must go on with a slash or an entry of type path'
const holdsWrong = 'x.json/baseUrl: must not hold "?", "#", "@", "\\" or a stray brace'

const wrong: [string, object, string][] = [
  ['a member that is not known', { colour: 1 }, 'x.json/colour: is not known here'],
  ['a missing member', { name: undefined }, 'x.json/name: must be string'],
  ['another format', { format: 2 }, 'x.json/format: must be equal to constant'],
  ['a key of digits alone', { key: '117' }, 'x.json/key: must match pattern'],
  ['a key in upper case', { key: 'Acme' }, 'x.json/key: must match pattern'],
  ['the key "keys"', { key: 'keys' }, 'x.json/key: "keys" is a word that routes use'],
  ['the key "metadata"', { key: 'metadata' }, 'x.json/key: "metadata" is a word that routes use'],
  ['the key "validate"', { key: 'validate' }, 'x.json/key: "validate" is a word that routes use'],
  ['the key "api-v2"', { key: 'api-v2' }, 'x.json/key: "api-v2" is a word that routes use'],
  ['an id out of range', { id: 2 ** 53 }, 'x.json/id: must be <= 9007199254740991'],
  ['an entry twice', entries(text, text), 'x.json/entries: "t" is there twice'],
  [
    'an alias that is a key',
    entries(url, { ...text, aliases: ['u'] }),
    'x.json/entries: "u" is there twice',
  ],
  [
    'an alias of itself',
    entries({ ...text, aliases: ['t'] }),
    'x.json/entries: "t" is there twice',
  ],
  [
    'a key that a form cannot have',
    entries({ ...text, key: '__proto__' }),
    'x.json/entries/0/key: must match pattern',
  ],
  [
    'an entry for what is chosen',
    entries({ ...text, key: 'authentication.type' }),
    'x.json/entries: "authentication.type" chooses between authentications',
  ],
  [
    'an unknown type',
    entries({ ...text, type: 'colour' }),
    'x.json/entries/0/type: must be equal to one of the allowed values',
  ],
  [
    'a password that is no secret',
    entries({ ...text, type: 'password' }),
    'x.json/entries/0: a password has to be secret',
  ],
  [
    'a default for a secret',
    entries({ ...secret, default: 'x' }),
    'x.json/entries/0/default: a secret cannot have one',
  ],
  [
    'a default of another type',
    entries({ ...text, default: 1 }),
    'x.json/entries/0/default: must be string',
  ],
  [
    'a text as a number',
    entries({ ...text, type: 'number', default: '1' }),
    'x.json/entries/0/default: must be number',
  ],
  [
    'a path for no address',
    entries({ ...text, defaultPath: '/x' }),
    'x.json/entries/0/defaultPath: is for entries of type url',
  ],
  [
    'a stranger in the base URL',
    { baseUrl: '{server.url}/{x}' },
    'x.json/baseUrl: the placeholder {x} names no entry',
  ],
  [
    'an alias in it',
    { baseUrl: '{server.url}/{login}' },
    'x.json/baseUrl: the placeholder {login} names no entry',
  ],
  ['a base URL without a scheme', addressed('api.example.com'), startsWrong],
  ['a base URL of a text', addressed('{t}/x'), startsWrong],
  ['a base URL of a path', addressed('https://{p}'), startsWrong],
  ['a scheme before a server', addressed('https://{u}'), startsWrong],
  ['a server that does not begin', addressed('https://a/{u}'), startsWrong],
  ['two servers', addressed('{u}/{u}'), 'x.json/baseUrl: must hold one entry of type url at most'],
  ['a text at a server', addressed('{u}{t}'), goesOnWrong],
  ['letters at a server', addressed('{u}.example.com'), goesOnWrong],
  ['a base URL with a query', addressed('https://a/?b'), holdsWrong],
  ['a base URL with user info', addressed('https://{t}@a'), holdsWrong],
  ['a stray brace', addressed('https://a/{t'), holdsWrong],
  [
    'a secret in the base URL',
    addressed('{u}/{s}'),
    'x.json/baseUrl: must not hold the secret {s}: addresses are shown',
  ],
]

test.each(wrong)('%s is refused, with place and reason', (_, changes, fault) => {
  const faults = faultsOf({ ...plain, ...changes })
  expect(faults.filter((one) => one.startsWith(fault))).not.toEqual([])
  expect(faults.length).toBeLessThan(6)
})

test.each([null, undefined, 1, 'text', [], true])('%j is no definition', (given) => {
  expect(faultsOf(given)).toEqual(['x.json: must be object'])
})

const right: [string, object][] = [
  ['a definition without a probe', { probes: undefined }],
  ['a base URL with its host fixed', addressed('https://api.example.com/v1')],
  ['a value in a label of the host', addressed('https://{t}.example.com')],
  ['a server with a path behind it', addressed('{u}{p}{t}')],
  ['a server with a fixed path', addressed('{u}/v1/{t}')],
  ['an entry named as members of all objects are', entries({ ...text, key: 'constructor' })],
]

test.each(right)('%s is accepted', (_, changes) => {
  const given = JSON.parse(JSON.stringify({ ...plain, ...changes }))
  expect(faultsOf(given)).toEqual([])
  expect(parseElement(given, 'x')).toEqual(given)
})

const folder = new URL('../../src/elements/definitions/', import.meta.url)

test.each(readdirSync(folder))('%s is a definition', (file) => {
  const given = JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
  expect(`${parseElement(given, file).key}.json`).toBe(file)
})
