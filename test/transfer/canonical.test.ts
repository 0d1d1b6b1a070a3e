import { expect, test } from 'vitest'
import { canonicalJson } from '../../src/transfer/canonical.ts'

test('a value has one spelling, that of the examples of RFC 8785', () => {
  const literals = JSON.parse(
    String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
  )
  expect(canonicalJson(literals)).toBe(
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  )
  const keys = JSON.parse(
    String.raw`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`,
  )
  const order = Object.values(JSON.parse(canonicalJson(keys)))
  expect(canonicalJson(keys)).toMatch(/^\{"\\r":/)
  expect(canonicalJson(keys).match(/:"(\w+)/g)).toEqual(
    ['Carriage', 'One', 'Control', 'Latin', 'Euro', 'Emoji', 'Hebrew'].map((word) => `:"${word}`),
  )
  expect(order).toHaveLength(7)
})

test('what differs in anything has another', () => {
  const values = [{}, [], null, '', 0, { a: null }, { a: [] }, { a: { b: 1 } }, { a: 1, b: 1 }]
  expect(new Set(values.map(canonicalJson)).size).toBe(values.length)
})
