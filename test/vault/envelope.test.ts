import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EnvelopeError, keyIdOf, open, seal } from '../../src/vault/envelope.ts'

const key = { id: '7', key: randomBytes(32) }
const place = ['secret', '1', 'instance/1000', 'password', '1', 'https://api.example.com']
const sealed = seal(key, place, 'correct horse')
const refused = (text: string, context: readonly string[] = place) =>
  expect(() => open(key.key, context, text)).toThrow(EnvelopeError)

describe('an envelope', () => {
  test('does not open with any single bit flipped, in its text or in what the text stands for', () => {
    const text = Buffer.from(sealed, 'latin1')
    for (let bit = 0; bit < text.length * 8; bit++) refused(flip(text, bit).toString('latin1'))

    const [, , encoded] = sealed.split('.') as [string, string, string]
    const body = Buffer.from(encoded, 'base64url')
    for (let bit = 0; bit < body.length * 8; bit++) {
      refused(`e1.7.${flip(body, bit).toString('base64url')}`)
    }
  })

  test('does not open with a tag that was cut, down to the four bytes that Node would take', () => {
    const body = Buffer.from(sealed.split('.')[2]!, 'base64url')
    for (let length = 0; length < body.length; length++) {
      refused(`e1.7.${body.subarray(0, length).toString('base64url')}`)
    }
  })

  test('does not open with anything added, nor in another spelling of the same bytes', () => {
    for (const added of ['A', '=', '!', '\n', '.', '.AAAA']) refused(sealed + added)
    refused(sealed.replace('e1.7.', 'e1.7.\n'))
    refused(` ${sealed}`)
  })

  test('is never a text of another version, nor one that was never sealed', () => {
    const [, id, body] = sealed.split('.')
    for (const version of ['e0', 'e2', 'e11', 'E1', '']) refused(`${version}.${id}.${body}`)
    for (const plain of ['', 'correct horse', 'e1', 'e1.7', 'e1.7.', 'e1..AAAA', 'null', '{}']) {
      refused(plain)
      expect(() => keyIdOf(plain)).toThrow(EnvelopeError)
    }
  })

  test('does not open under another key, nor under the same key by another name', () => {
    expect(() => open(randomBytes(32), place, sealed)).toThrow(EnvelopeError)
    refused(sealed.replace('e1.7.', 'e1.8.'))
  })

  test('does not open for a place whose parts are the same letters, divided otherwise', () => {
    const text = seal(key, ['ab', 'c'], 'x')
    for (const context of [['a', 'bc'], ['abc'], ['ab', 'c', ''], ['', 'ab', 'c'], ['c', 'ab']]) {
      refused(text, context)
    }
  })

  test('opens for no other place than its own, whatever the parts are', () => {
    const parts = fc.array(fc.string({ unit: 'binary', maxLength: 12 }), { maxLength: 5 })
    fc.assert(
      fc.property(parts, parts, (ours, theirs) => {
        fc.pre(JSON.stringify(ours) !== JSON.stringify(theirs))
        refused(seal(key, ours, 'x'), theirs)
      }),
    )
    fc.assert(
      fc.property(parts, fc.nat(), fc.nat(), (given, at, where) => {
        fc.pre(given.length > 1)
        const index = at % (given.length - 1)
        const joined = `${given[index]}${given[index + 1]}`
        const cut = where % (joined.length + 1)
        const moved = given.with(index, joined.slice(0, cut)).with(index + 1, joined.slice(cut))
        fc.pre(JSON.stringify(moved) !== JSON.stringify(given))
        refused(seal(key, given, 'x'), moved)
      }),
    )
  })

  test('gives back exactly what was sealed, for any place and any text or bytes', () => {
    const any = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(fc.array(any), any, (context, text) => {
        expect(open(key.key, context, seal(key, context, text)).toString('utf8')).toBe(text)
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4096 }), (bytes) => {
        const plaintext = Buffer.from(bytes)
        expect(open(key.key, place, seal(key, place, plaintext)).equals(plaintext)).toBe(true)
      }),
    )
  })

  test('may belong to a place that takes many kilobytes to name', () => {
    const long = [...place, ...Array.from({ length: 200 }, (_, at) => `https://host-${at}.example`)]
    expect(open(key.key, long, seal(key, long, 'x')).toString()).toBe('x')
    refused(seal(key, long, 'x'), long.slice(0, -1))
  })

  test('is never the same twice, and shows nothing of what is in it but its length', () => {
    const texts = new Set(Array.from({ length: 500 }, () => seal(key, place, 'correct horse')))
    expect(texts.size).toBe(500)
    for (const text of texts) expect(text).toMatch(/^e1\.7\.[A-Za-z0-9_-]{98}$/)
  })

  test('names the key that it was sealed with', () => {
    expect(keyIdOf(sealed)).toBe('7')
  })
})

function flip(bytes: Buffer, bit: number): Buffer {
  const changed = Buffer.from(bytes)
  changed[bit >> 3]! ^= 1 << (bit & 7)
  return changed
}
