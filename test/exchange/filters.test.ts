import { expect, test } from 'vitest'
import { filterOf } from '../../src/exchange/filters.ts'
import { escapes, placeholdersIn, render, secretMask } from '../../src/exchange/template.ts'

test.each([
  '',
  'unknown',
  'lower:x',
  'replace',
  'replace:a',
  'replace:a:b:c',
  'before',
  'toString',
  '__proto__',
])('%j is no filter', (written) => {
  expect(filterOf(written)).toBeUndefined()
})

test.each([
  ['trim', ' a ', 'a'],
  ['lower', 'ÄB', 'äb'],
  ['upper', 'td1234567-sb1', 'TD1234567-SB1'],
  ['replace:-:_', 'a-b-c', 'a_b_c'],
  ['replace:-:', 'a-b', 'ab'],
  ['replace::x', 'ab', 'ab'],
  ['replace:.:$&', 'a.b', 'a$&b'],
  ['before:.example.com', 'acme.example.com', 'acme'],
  ['before:.example.com', 'acme', 'acme'],
  ['after:-', 'key-with-us21', 'us21'],
  ['after:-', 'key', 'key'],
  ['host', 'https://acme.example.com/admin?x#y', 'acme.example.com'],
  ['host', ' acme.example.com/ ', 'acme.example.com'],
  ['host', 'acme', 'acme'],
  ['host', '//acme:8443/x', 'acme:8443'],
  ['host', '', ''],
  ['base64', 'pässword', 'cMOkc3N3b3Jk'],
  ['md5', '', 'd41d8cd98f00b204e9800998ecf8427e'],
  ['sha256', 'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
])('%s makes of %j %j', (written, text, made) => {
  expect(filterOf(written)!(text)).toBe(made)
})

test('filters come one behind the other, before the value is written into its place', () => {
  const values = new Map([['account', ' td1234567-sb1&x ']])
  const template = 'a={account|trim|upper|replace:-:_}'
  expect(render(template, values, escapes.query)).toBe('a=TD1234567_SB1%26X')
})

test('a masked secret stays what it is, so that no filter makes something else of it', () => {
  expect(render('{secret|base64}', new Map([['secret', secretMask]]), escapes.text)).toBe(
    secretMask,
  )
})

test.each([
  ['{"query":"{ me { id } }"}', []],
  ['{a}{b|lower}{a}', ['a', 'b', 'a']],
  ['{1}{}{ a }{a b}', []],
  ['{a|replace:{:}}', []],
])('the placeholders of %s are %j', (template, keys) => {
  expect(placeholdersIn(template)).toEqual(keys)
})

test('no filter takes time that grows faster than its text', () => {
  const long = `${'a-'.repeat(500_000)}z`
  for (const written of ['replace:-:--', 'before:b', 'after:-', 'host', 'trim', 'lower']) {
    expect(filterOf(written)!(long).length).toBeGreaterThan(0)
  }
})
