import { hash } from 'node:crypto'
import { countOf, type Der } from './der.ts'
import { tooCostly } from './error.ts'

const maxIterations = 1_000_000

/** Digests of PKCS#12 with the length of their blocks in bytes. */
export const blockLengths = { sha1: 64, sha224: 64, sha256: 64, sha384: 128, sha512: 128 } as const

export type Digest = keyof typeof blockLengths

/** What the derived bytes are for: the "ID" of RFC 7292, appendix B.3. */
export const purposes = { key: 1, vector: 2, mac: 3 } as const

/** @throws {CertificateError} `too-costly`, before anything is derived */
export function iterationsOf(value: Der | undefined): number {
  const iterations = countOf(value)
  if (iterations > maxIterations) throw tooCostly()
  return iterations
}

/** The key derivation of PKCS#12 (RFC 7292, appendix B.2). */
export function derive(given: {
  digest: Digest
  purpose: (typeof purposes)[keyof typeof purposes]
  passphrase: Buffer
  salt: Buffer
  iterations: number
  length: number
}): Buffer {
  const { digest, purpose, iterations, length } = given
  const block = blockLengths[digest]
  const diversifier = Buffer.alloc(block, purpose)
  const input = Buffer.concat([fill(given.salt, block), fill(given.passphrase, block)])
  let derived = Buffer.alloc(0)
  for (;;) {
    let hashed = hash(digest, Buffer.concat([diversifier, input]), 'buffer')
    for (let times = 1; times < iterations; times++) hashed = hash(digest, hashed, 'buffer')
    derived = Buffer.concat([derived, hashed])
    if (derived.length >= length) return derived.subarray(0, length)
    const addend = Buffer.alloc(block, hashed)
    for (let at = 0; at < input.length; at += block) add(input.subarray(at, at + block), addend)
  }
}

/** The bytes again and again, up to the end of a block. */
function fill(bytes: Buffer, block: number): Buffer {
  const length = block * Math.ceil(bytes.length / block)
  return length === 0 ? Buffer.alloc(0) : Buffer.alloc(length, bytes)
}

/** Adds a number and one, both big-endian, in place. */
function add(block: Buffer, addend: Buffer) {
  let carry = 1
  for (let at = block.length - 1; at >= 0; at--) {
    carry += block[at]! + addend[at]!
    block[at] = carry & 0xff
    carry >>= 8
  }
}
