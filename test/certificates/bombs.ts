import { at, edited, editedInside, integer, nested } from './asn1.ts'
import { bytesOf, fixture } from './fixtures.ts'

export interface Bomb {
  what: string
  pkcs12: Buffer
  kind: string
}

const huge = 1n << 40n
const limit = 256 * 1024

/** Inside of an encrypted safe: the parameters of its encryption. */
const parametersOf = (safe: Parameters<typeof at>[0]) => at(safe, 0, 1, 0, 1, 1, 1)

/** Files that are made to keep a reader busy, or to break it. */
export const bombs: Bomb[] = [
  ...[1_000_001n, huge, 1n << 63n, 1n << 4000n].map((iterations) => ({
    what: `a MAC of ${String(iterations).slice(0, 20)} iterations`,
    pkcs12: edited('default.p12', (pfx) => {
      at(pfx, 2)[2] = integer(iterations)
    }),
    kind: 'too-costly',
  })),
  {
    what: 'an old encryption of very many iterations',
    pkcs12: editedInside('3des-sha1.p12', (safe) => {
      parametersOf(safe)[1] = integer(huge)
    }),
    kind: 'too-costly',
  },
  {
    what: 'a new encryption of very many iterations',
    pkcs12: editedInside('default.p12', (safe) => {
      at(safe, 0, 1, 0, 1, 1, 1, 0, 1)[1] = integer(huge)
    }),
    kind: 'too-costly',
  },
  {
    what: 'a vector of the wrong length',
    pkcs12: editedInside('default.p12', (safe) => {
      at(safe, 0, 1, 0, 1, 1, 1, 1)[1]!.value = 'short'
    }),
    kind: 'corrupt',
  },
  ...[33, 1_000, 50_000].map((depth) => ({
    what: `${depth} sequences in one another`,
    pkcs12: nested(depth),
    kind: 'corrupt',
  })),
  {
    what: 'sequences without a length in one another',
    pkcs12: Buffer.alloc(limit, Buffer.of(0x30, 0x80)),
    kind: 'corrupt',
  },
  {
    what: 'octet strings without a length in one another',
    pkcs12: Buffer.alloc(limit, Buffer.of(0x24, 0x80)),
    kind: 'corrupt',
  },
  {
    what: 'a deep content in a shallow file',
    pkcs12: edited('default.p12', (pfx) => {
      at(pfx, 1, 1)[0]!.value = nested(5_000).toString('latin1')
    }),
    kind: 'corrupt',
  },
  {
    what: 'very many small values',
    pkcs12: Buffer.concat([
      Buffer.of(0x30, 0x83, 3, 0xff, 0xf8),
      Buffer.alloc(limit - 8, Buffer.of(5, 0)),
    ]),
    kind: 'corrupt',
  },
  ...[
    [0x84, 0xff, 0xff, 0xff, 0xff],
    [0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    [0xff],
    [0x83, 0, 0],
  ].map((length) => ({
    what: `the length ${Buffer.from(length).toString('hex')}`,
    pkcs12: Buffer.from([0x30, ...length, ...bytesOf('default.p12').subarray(4)]),
    kind: 'corrupt',
  })),
  { what: 'nothing', pkcs12: Buffer.alloc(0), kind: 'corrupt' },
  { what: 'zeros', pkcs12: Buffer.alloc(limit), kind: 'corrupt' },
  {
    what: 'a file and more behind it',
    pkcs12: Buffer.concat([bytesOf('default.p12'), Buffer.of(0)]),
    kind: 'corrupt',
  },
]

export const { passphrase } = fixture('default.p12')
