import { createHmac, pbkdf2Sync } from 'node:crypto'
import forge from 'node-forge'
import { bytesOf } from './fixtures.ts'

const { asn1 } = forge
const universal = asn1.Class.UNIVERSAL
type Value = forge.asn1.Asn1

export const sequence = (...members: Value[]) =>
  asn1.create(universal, asn1.Type.SEQUENCE, true, members)
export const octets = (bytes: Buffer) =>
  asn1.create(universal, asn1.Type.OCTETSTRING, false, bytes.toString('latin1'))
export const objectId = (id: string) =>
  asn1.create(universal, asn1.Type.OID, false, asn1.oidToDer(id).getBytes())
export const nothing = () => asn1.create(universal, asn1.Type.NULL, false, '')

export function integer(value: bigint | number): Value {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  const positive = bytes[0]! < 0x80 ? bytes : Buffer.concat([Buffer.of(0), bytes])
  return asn1.create(universal, asn1.Type.INTEGER, false, positive.toString('latin1'))
}

export const read = (bytes: Buffer): Value => asn1.fromDer(bytes.toString('latin1'))
export const write = (value: Value): Buffer => Buffer.from(asn1.toDer(value).getBytes(), 'latin1')

/** The members of a value, by a path into it. */
export function at(value: Value, ...path: number[]): Value[] {
  return path.reduce((inner, index) => inner[index]!.value as Value[], value.value as Value[])
}

/** The content of a file that its MAC is over. */
export function contentOf(pfx: Value): Buffer {
  return Buffer.from(at(pfx, 1, 1)[0]!.value as string, 'latin1')
}

const sha256 = '1.2.840.113549.2.9'
const sha512 = '1.2.840.113549.2.11'
const digests = { [sha256]: 'sha256', [sha512]: 'sha512' }

/**
 * A file with the MAC of RFC 9579, section 4. OpenSSL writes such files from 3.4 on; here it is put
 * on one that OpenSSL wrote without a MAC.
 */
export function withPbmac1(
  passphrase: string,
  options: {
    prf?: keyof typeof digests
    keyLength?: bigint | number
    iterations?: number
    stated?: bigint
  } = {},
): Buffer {
  const { prf = sha256, keyLength = 32, iterations = 2048 } = options
  const pfx = read(bytesOf('without-mac.p12'))
  const salt = Buffer.from('a salt of its own')
  const digest = digests[prf]!
  const length = Math.min(Number(keyLength), 64)
  const key = pbkdf2Sync(passphrase, salt, iterations, length, digest)
  const mac = createHmac('sha512', key).update(contentOf(pfx)).digest()
  const derivation = sequence(
    objectId('1.2.840.113549.1.5.12'),
    sequence(
      octets(salt),
      integer(options.stated ?? iterations),
      integer(keyLength),
      sequence(objectId(prf), nothing()),
    ),
  )
  const parameters = sequence(derivation, sequence(objectId(sha512), nothing()))
  const algorithm = sequence(objectId('1.2.840.113549.1.5.14'), parameters)
  const macData = sequence(
    sequence(algorithm, octets(mac)),
    octets(Buffer.from('not used')),
    integer(1),
  )
  return write(sequence(...(pfx.value as Value[]), macData))
}

/** A file with what `edit` did to it; its MAC is no longer right where that was inside of it. */
export function edited(file: string, edit: (pfx: Value) => void): Buffer {
  const pfx = read(bytesOf(file))
  edit(pfx)
  return write(pfx)
}

/** The same with an authenticated safe that was edited, and no MAC. */
export function editedInside(file: string, edit: (safe: Value) => void): Buffer {
  return edited(file, (pfx) => {
    const safe = read(contentOf(pfx))
    edit(safe)
    at(pfx, 1, 1)[0]!.value = write(safe).toString('latin1')
    pfx.value = (pfx.value as Value[]).slice(0, 2)
  })
}

/** So many sequences in one another, of a stated length or of none. */
export function nested(depth: number): Buffer {
  const headers: Buffer[] = []
  for (let length = 0, level = 0; level < depth; level++) {
    const header =
      length < 0x80
        ? Buffer.of(0x30, length)
        : Buffer.of(0x30, 0x83, length >> 16, (length >> 8) & 0xff, length & 0xff)
    headers.push(header)
    length += header.length
  }
  return Buffer.concat(headers.reverse())
}
