import forge from 'node-forge'
import { corrupt } from './error.ts'

/** A value of ASN.1. */
export type Der = forge.asn1.Asn1

const { asn1 } = forge
const maxDepth = 32

// The types of forge know of no options; without them it would guess at the inside of bit strings.
const decode = asn1.fromDer as unknown as (
  bytes: forge.util.ByteStringBuffer,
  options: { strict: boolean; parseAllBytes: boolean; decodeBitStrings: boolean; maxDepth: number },
) => Der

/**
 * Reads DER, and BER as some still write it. Nothing may follow the value.
 * @throws {CertificateError} `corrupt`, as all functions here do
 */
export function parse(bytes: Buffer): Der {
  try {
    return decode(forge.util.createBuffer(bytes.toString('latin1')), {
      strict: true,
      parseAllBytes: true,
      decodeBitStrings: false,
      maxDepth,
    })
  } catch {
    throw corrupt()
  }
}

export function serialize(value: Der): Buffer {
  return Buffer.from(asn1.toDer(value).getBytes(), 'latin1')
}

/** The members of a sequence, at least so many. */
export function membersOf(value: Der | undefined, atLeast = 0): Der[] {
  const isSequence = isUniversal(value, asn1.Type.SEQUENCE)
  if (!isSequence || !Array.isArray(value?.value) || value.value.length < atLeast) throw corrupt()
  return value.value
}

/** The one value in an explicit tag [0]. */
export function taggedIn(value: Der | undefined): Der {
  if (!isTagged(value) || !Array.isArray(value?.value) || value.value.length !== 1) throw corrupt()
  return value.value[0]!
}

export function objectIdOf(value: Der | undefined): string {
  return asn1.derToOid(primitive(value, asn1.Type.OID).toString('latin1'))
}

/** A positive integer; infinite beyond what a number holds. */
export function countOf(value: Der | undefined): number {
  const bytes = primitive(value, asn1.Type.INTEGER)
  if (bytes.length === 0 || bytes[0]! >= 0x80) throw corrupt()
  const count = bytes.length > 6 ? Number.POSITIVE_INFINITY : bytes.readUIntBE(0, bytes.length)
  if (count === 0) throw corrupt()
  return count
}

export function isInteger(value: Der | undefined): boolean {
  return isUniversal(value, asn1.Type.INTEGER)
}

/** The identifier of an algorithm that has no parameters: there are none, or NULL. */
export function bareIdOf(algorithm: Der | undefined): string {
  const [id, parameters] = membersOf(algorithm, 1)
  if (parameters) primitive(parameters, asn1.Type.NULL)
  return objectIdOf(id)
}

/** An octet string, whole or in pieces (BER). */
export function octetsOf(value: Der | undefined): Buffer {
  if (!isUniversal(value, asn1.Type.OCTETSTRING)) throw corrupt()
  return joined(value!)
}

/** An octet string under an implicit tag [0]. */
export function taggedOctetsOf(value: Der | undefined): Buffer {
  if (!isTagged(value)) throw corrupt()
  return joined(value!)
}

function joined({ value }: Der): Buffer {
  if (typeof value === 'string') return Buffer.from(value, 'latin1')
  return Buffer.concat(value.map(octetsOf))
}

function primitive(value: Der | undefined, type: forge.asn1.Type): Buffer {
  if (!isUniversal(value, type) || typeof value?.value !== 'string') throw corrupt()
  return Buffer.from(value.value, 'latin1')
}

function isUniversal(value: Der | undefined, type: forge.asn1.Type): boolean {
  return value?.tagClass === asn1.Class.UNIVERSAL && value.type === type
}

function isTagged(value: Der | undefined): boolean {
  // A tag's number stands where the type of other values does.
  return value?.tagClass === asn1.Class.CONTEXT_SPECIFIC && Number(value.type) === 0
}
