import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createToken, readToken, type TokenKind } from '../../src/vault/token.ts'

const kinds: TokenKind[] = ['user', 'organization', 'instance']
const keyboard = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at))

describe('a token', () => {
  test('is refused, before any query, when a single character of it was changed', () => {
    for (const kind of kinds) {
      const token = createToken(kind, 12_345)
      for (let at = 0; at < token.length; at++) {
        for (const typed of keyboard.filter((character) => character !== token[at])) {
          expect(readToken(kind, token.slice(0, at) + typed + token.slice(at + 1))).toBeUndefined()
        }
      }
    }
  })

  test('is refused when a character is missing, doubled or swapped with its neighbour', () => {
    const token = createToken('instance', 12_345)
    for (let at = 0; at < token.length; at++) {
      const [before, here, after] = [token.slice(0, at), token[at]!, token.slice(at + 1)]
      expect(readToken('instance', before + after)).toBeUndefined()
      expect(readToken('instance', before + here + here + after)).toBeUndefined()
      if (after && after[0] !== here) {
        expect(readToken('instance', before + after[0] + here + after.slice(1))).toBeUndefined()
      }
    }
  })

  test('is refused where a token of another kind is asked for', () => {
    for (const made of kinds) {
      const token = createToken(made, 5)
      for (const asked of kinds.filter((kind) => kind !== made)) {
        expect(readToken(asked, token)).toBeUndefined()
      }
    }
  })

  test('is refused with anything around it, and so is any other text', () => {
    const token = createToken('user', 5)
    for (const text of ['', ' ', token.toUpperCase(), ` ${token}`, `${token} `, `${token}\n`]) {
      expect(readToken('user', text)).toBeUndefined()
    }
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        expect(readToken('user', text)).toBeUndefined()
      }),
    )
  })

  test('names its organization, whichever it is', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.constantFrom(...kinds), (organizationId, kind) => {
        expect(readToken(kind, createToken(kind, organizationId))).toBe(organizationId)
      }),
    )
  })

  test('says by its first letters what it is, and never comes twice', () => {
    expect(createToken('user', 35)).toMatch(/^lku_z_[0-9A-Za-z]{49}$/)
    expect(createToken('organization', 36)).toMatch(/^lko_10_[0-9A-Za-z]{49}$/)
    expect(createToken('instance', 1)).toMatch(/^lki_1_[0-9A-Za-z]{49}$/)
    const tokens = Array.from({ length: 1_000 }, () => createToken('instance', 1))
    expect(new Set(tokens).size).toBe(1_000)
  })
})
