import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createScrub } from '../../src/probe/scrub.ts'
import { anySecret, forms } from './secret-forms.ts'

const limit = 1000
const stars = '********'

describe('a secret that is too short to be found', () => {
  test.each(['', 'a', 'abc', '  abc  ', '😀😀😀'])(
    'such as %j leaves nothing to show',
    (secret) => {
      expect(createScrub([secret])('anything', limit)).toBeUndefined()
      expect(createScrub(['long enough', secret])('', limit)).toBeUndefined()
    },
  )
})

describe.each(Object.entries(forms))('%s', (name, form) => {
  test('never survives', () => {
    fc.assert(
      fc.property(anySecret, fc.string(), fc.string(), (secret, before, after) => {
        const written = form(secret)
        const shown = createScrub([secret])(`${before}|${written}|${after}`, 10_000)!
        expect(shown).not.toContain(written.trim())
        expect(shown).toContain(stars)
      }),
    )
  })

  test('does not survive the cut, wherever that goes through it', () => {
    const secret = 'Vo8#kq<2&"x\'long/secret é'
    const written = form(secret)
    const scrub = createScrub([secret])
    for (let inside = 0; inside <= written.length; inside += 1) {
      const shown = scrub(`${'\n'.repeat(limit - inside)}${written} end`, limit)!
      expect(shown.length, name).toBeLessThanOrEqual(limit)
      expect(shown.replace(/^\n*\**/, '')).toMatch(/^(=|%3D)*%?3?( end| en| e| )?$/)
    }
  })
})

describe('in base64', () => {
  const bytes = fc.uint8Array({ maxLength: 8 })

  test.each(['base64', 'base64url'] as const)(
    'between any other bytes, no character that holds a bit of the secret survives (%s)',
    (encoding) => {
      fc.assert(
        fc.property(anySecret, bytes, bytes, (given, before, after) => {
          const secret = given.trim()
          const length = Buffer.byteLength(secret)
          const whole = Buffer.concat([before, Buffer.from(secret), after]).toString(encoding)
          const shown = createScrub([secret])(whole, 10_000)!
          const [, left = '', right = ''] = /^([^*]*)\*.*\*([^*]*)$/s.exec(shown) ?? []
          expect(shown).toContain(stars)
          expect(whole.slice(0, Math.floor((before.length * 8) / 6))).toMatch(prefix(left))
          expect(whole.slice(Math.ceil(((before.length + length) * 8) / 6))).toMatch(suffix(right))
        }),
      )
    },
  )

  test.each(['u:', 'us:', 'use:'])('a secret of four letters behind %j is found', (user) => {
    const header = `Basic ${Buffer.from(`${user}api1`).toString('base64')}`
    expect(createScrub(['api1'])(header, limit)).toMatch(/^Basic [A-Za-z0-9]{2,5}\*{8}=*$/)
  })

  const prefix = (text: string) => new RegExp(`^${RegExp.escape(text)}`)
  const suffix = (text: string) => new RegExp(`${RegExp.escape(text)}$`)
})

describe('what is shown', () => {
  test('is as it was, where no secret is in it', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ -&(-~]*$/), (text) => {
        expect(createScrub(["'''''quoted'''''"])(text, 10_000)).toBe(text)
      }),
    )
    expect(createScrub([])('as it was', 5)).toBe('as it')
  })

  test('tells neither how long a secret is nor which of two secrets it was', () => {
    const scrub = createScrub(['first-secret', 'second', 'first-secret-and-more'])
    expect(scrub('a first-secret b second c first-secret-and-more d', limit)).toBe(
      `a ${stars} b ${stars} c ${stars} d`,
    )
  })

  test('has nothing of what stands behind the cut, however much the stars save', () => {
    const secret = '0123456789abcdef'.repeat(4)
    const shown = createScrub([secret])(secret.repeat(1000), limit)!
    expect(shown.replaceAll('*', '')).toBe('')
    expect(shown.length).toBeLessThanOrEqual(limit)
  })

  test('ends in whole characters and can be stored as JSON', () => {
    expect(createScrub(['secret'])('😀😀', 3)).toBe('😀\ufffd')
    expect(createScrub(['secret'])('a\ud800b', limit)).toBe('a\ufffdb')
  })
})

describe('in bounded time', () => {
  const long = 1_000
  test.each<[string, string, string]>([
    ['a secret that fits nearly everywhere', `${'a'.repeat(long)}b`, 'a'],
    ['one that fails at its beginning', `b${'a'.repeat(long)}`, 'a'],
    ['one that fails in its middle', `${'a'.repeat(long / 2)}b${'a'.repeat(long / 2)}`, 'a'],
    ['one that fits everywhere', 'a'.repeat(long), 'a'],
    ['one that fits all over', 'aaaa', 'a'],
    ['escapes of every kind', 'secret', '%41\\u0041&#65;+'],
    ['escapes around a long secret', 'secret'.repeat(170), '%41\\u0041&#65;+'],
    ['escapes inside escapes', 'secret', '%255Cu0026amp;'],
    ['open escapes', 'secret', '&#0000000%e2%82\\'],
  ])('%s', (_, secret, part) => {
    const started = performance.now()
    const text = part.repeat((1024 * 1024) / part.length)
    expect(createScrub([secret])(text, 16 * 1024)?.length ?? 0).toBeLessThanOrEqual(16 * 1024)
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  test('a secret longer than 8 KiB leaves everything out', () => {
    expect(createScrub(['short', 'x'.repeat(8193)])('harmless', limit)).toBeUndefined()
  })

  test.each([1025, 1500, 8192])('one of %i characters is found whole', (length) => {
    const random = fc.sample(fc.stringMatching(/^[A-Za-z0-9._-]{8200}$/), { seed: 7, numRuns: 1 })
    const secret = random[0]!.slice(0, length)
    const scrub = createScrub([secret])
    expect(scrub(`before ${secret} behind`, 20_000)).toBe(`before ${stars} behind`)
    const inBase64 = Buffer.from(`user:${secret}`).toString('base64')
    expect(scrub(inBase64, 20_000)).toMatch(/^[A-Za-z0-9+/]{6,7}\*{8}=*$/)
  })

  test('a key of 1 KiB is found, in every form', () => {
    const key = Array.from({ length: 1024 }, (_, at) => String.fromCharCode(33 + ((at * at) % 89)))
    const secret = key.join('').replaceAll('*', 'x')
    const scrub = createScrub([secret])
    for (const form of Object.values(forms)) {
      expect(scrub(`<${form(secret)}>`, 400_000)).toMatch(/^<?\*{8}(=|%3D)*>?$/)
    }
  })
})
