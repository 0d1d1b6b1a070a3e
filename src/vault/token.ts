import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** Who or what a secret of ours stands for. */
export type TokenKind = 'user' | 'organization' | 'instance'

/** The entry of a token among its instance's secrets; no entry of an element can be called so. */
export const tokenEntry = '$token'

const prefixes = { user: 'lku', organization: 'lko', instance: 'lki' } as const
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const shape = /^(lku|lko|lki)_([0-9a-z]{1,11})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/

/** `lki_<organization in base 36>_<256 random bits in base 62><CRC-32 in base 62>` */
export function createToken(kind: TokenKind, organizationId: number): string {
  const random = base62(BigInt(`0x${randomBytes(32).toString('hex')}`), 43)
  const start = `${prefixes[kind]}_${organizationId.toString(36)}_${random}`
  return start + checksum(start)
}

/** The organization that a secret names; undefined for a typing error or another kind. */
export function readToken(kind: TokenKind, token: string): number | undefined {
  const [, prefix, organization = '', , sum] = shape.exec(token) ?? []
  if (prefix !== prefixes[kind] || checksum(token.slice(0, -6)) !== sum) return undefined
  const organizationId = Number.parseInt(organization, 36)
  return Number.isSafeInteger(organizationId) ? organizationId : undefined
}

function checksum(text: string): string {
  return base62(BigInt(crc32(text)), 6)
}

function base62(value: bigint, length: number): string {
  let rest = value
  let text = ''
  for (let at = 0; at < length; at++) {
    text = alphabet[Number(rest % 62n)] + text
    rest /= 62n
  }
  return text
}
