import { expect, test } from 'vitest'
import { warningsOf } from '../../src/certificates/show.ts'

const day = 86_400_000
const now = new Date('2026-06-15T12:00:00.000Z')
const after = (days: number) => new Date(now.getTime() + days * day)

const about = {
  notBefore: after(-300),
  notAfter: after(300),
  chainState: 'complete' as const,
  remarks: [],
}
const codesOf = (more: Partial<Parameters<typeof warningsOf>[0]>) =>
  warningsOf({ ...about, ...more }, now).map(({ code }) => code)

test.each([
  { left: -100, codes: ['expired'] },
  { left: -0.001, codes: ['expired'] },
  { left: 0, codes: ['expires-soon'] },
  { left: 30, codes: ['expires-soon'] },
  { left: 30.001, codes: [] },
])('a certificate that ends in $left days has the warnings $codes', ({ left, codes }) => {
  expect(codesOf({ notAfter: after(left) })).toEqual(codes)
})

test('one that is not valid yet, whose chain is incomplete, or that was read with a remark, has more', () => {
  expect(codesOf({ notBefore: after(1) })).toEqual(['not-yet-valid'])
  expect(
    codesOf({ chainState: 'incomplete', notAfter: after(3), remarks: ['without-mac'] }),
  ).toEqual(['expires-soon', 'incomplete-chain', 'without-mac'])
})

test('a warning says the day, and what to do', () => {
  expect(warningsOf({ ...about, notAfter: after(10) }, now)).toEqual([
    { code: 'expires-soon', message: 'It expires on 2026-06-25. Replace it before that.' },
  ])
})
