import { expect, test } from 'vitest'
import { AnswerDocument } from '../../src/exchange/document.ts'
import { extractAll } from '../../src/exchange/extract.ts'
import type { Extraction, Step } from '../../src/exchange/step.ts'

const list =
  '{"sites":[{"id":"a1","url":"https://one"},{"id":"b2","url":"https://two"}],"n":7,"o":{}}'
const values = new Map([['site', 'two']])

function extracted(extraction: Extraction, body = list, headers = {}) {
  const step = { method: 'GET', rules: [], extract: { x: extraction } } as Step
  const document = new AnswerDocument(Buffer.from(body), '')
  const { found, lost } = extractAll(step, { status: 200, headers, document }, values)
  return { x: found.get('x'), lost }
}

const site = 'https://{site}'

test.each<[string, Extraction, object]>([
  ['a member that is not there', { json: '/x' }, {}],
  ['an object', { json: '/o' }, {}],
  ['a list', { json: '/sites' }, {}],
  ['a header that did not come', { header: 'Location' }, {}],
  ['a path of another document', { xml: 'a/b' }, {}],
  ['no list', { among: '/n', json: '/id' }, {}],
  [
    'an item that is not among them',
    { among: '/sites', where: { pointer: '/url', equals: 'no' }, json: '/id' },
    {},
  ],
  ['what a filter leaves nothing of', { json: '/sites/0/id', filter: 'before:a' }, {}],
])('%s is lost', (_, extraction, headers) => {
  expect(extracted(extraction, list, headers)).toEqual({ x: undefined, lost: ['x'] })
  expect(extracted({ ...extraction, optional: true }, list, headers).lost).toEqual([])
})

test.each<[Extraction, string]>([
  [{ json: '/n' }, '7'],
  [{ json: '/sites/1/id' }, 'b2'],
  [{ among: '/sites', json: '/id' }, 'a1'],
  [{ among: '/sites', where: { pointer: '/url', equals: site }, json: '/id' }, 'b2'],
  [{ json: '/sites/0/url', filter: 'host' }, 'one'],
  [{ header: 'X-Server' }, 's1'],
])('%j finds %s', (extraction, value) => {
  expect(extracted(extraction, list, { 'x-server': ['s1', 's2'] })).toEqual({ x: value, lost: [] })
})

test('a text is found in XML by local names, and cut by filters', () => {
  const body = '<s:Envelope><s:Body><r><Detail>client,session-1</Detail></r></s:Body></s:Envelope>'
  const extraction = { xml: 'Envelope/Body/r/Detail', filter: 'after:,' }
  expect(extracted(extraction, body)).toEqual({ x: 'session-1', lost: [] })
})

test.each([
  ['', 'tok+en/=='],
  ['text/html; charset=utf-8', 'tok+en/=='],
  ['text/plain', 'tok+en/=='],
])('a field of a form is found, whatever its content type says: %j', (type, value) => {
  const body = 'oauth_token=tok%2Ben%2F%3D%3D&oauth_token=second&empty=&oauth%5Fsecret=a+b%21\n'
  const document = new AnswerDocument(Buffer.from(body), type)
  const fieldOf = (form: string) => {
    const step = { method: 'GET', rules: [], extract: { x: { form } } } as Step
    return extractAll(step, { status: 200, headers: {}, document }, values).found.get('x')
  }
  expect(fieldOf('oauth_token')).toBe(value)
  expect(fieldOf('oauth_secret')).toBe('a b!')
  expect([fieldOf('empty'), fieldOf('toString'), fieldOf('other')]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})

test.each(['{"a":"&x=1&"}', '<p><a href="/?y=1&x=1&z">', ' [1,"&x=1"]'])(
  '%s is no form, whatever it holds',
  (body) => {
    expect(extracted({ form: 'x' }, body).lost).toEqual(['x'])
  },
)

test.each(['a\\u0000b', 'a\\u001bb', 'a\\ud800b'])(
  'a text with %s in it is none: it could not be stored',
  (text) => {
    expect(extracted({ json: '/n' }, `{"n":"${text}"}`).lost).toEqual(['x'])
  },
)

test('an item is found among the first thousand, however it is pointed to', () => {
  const items = Array.from({ length: 1001 }, (_, at) => ({ a: { '/': [at] }, id: `i${at}` }))
  const among = (equals: string): Extraction => ({
    among: '/list',
    where: { pointer: '/a/~1/0', equals },
    json: '/id',
  })
  const body = JSON.stringify({ list: items })
  expect(extracted(among('999'), body).x).toBe('i999')
  expect(extracted(among('1000'), body).lost).toEqual(['x'])
})

test('a text longer than any that we keep is none', () => {
  expect(extracted({ json: '/n' }, `{"n":"${'x'.repeat(16385)}"}`).lost).toEqual(['x'])
})
