import { expect, test } from 'vitest'
import { compilePattern } from '../../src/definition/pattern.ts'

test.each([
  '(a',
  '(?=a)',
  '(a{1000}){1000}',
  'a{401}',
  'a{2,401}',
  '(?:a{21}){20}',
  `(?:${'.{0,1000}'.repeat(45)})`,
  `(?:${'abcd'.repeat(100)}){1000}`,
  '\\pL{1000}',
  '[\\]a-z]{1000}',
  '((((((a{9}){9}){9})',
])('%s is no pattern, or one that would take too long', (pattern) => {
  expect(compilePattern(pattern)).toBeUndefined()
})

test.each([
  ['SK[0-9a-fA-F]{32}', `SK${'0a'.repeat(16)}`],
  ['20[0-9]{2}-(01|04)|unstable', '2026-04'],
  ['[^@]{1,64}@[a-z.]{3,255}', 'a@example.com', 'a@b'],
  ['\\{[]}]{2}\\}', '{]]}'],
  ['(?:[a-z]{1,20}\\.){2}\\p{L}{2}', 'a.b.cd'],
])('%s is one that takes %s', (pattern, ...texts) => {
  expect(compilePattern(pattern)?.matches(texts[0]!)).toBe(true)
  expect(compilePattern(pattern)?.matches(`${texts[0]}\n`)).toBe(false)
})
