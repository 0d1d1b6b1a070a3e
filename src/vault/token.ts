import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** Who or what a secret of ours stands for. */
export type TokenKind = keyof typeof prefixes

/** The entry of a token among its instance's secrets; no entry of an element can be called so. */
export const tokenEntry = '$token'

const prefixes = {
  user: 'lku',
  organization: 'lko',
  instance: 'lki',
  state: 'lks',
  link: 'lkc',
  page: 'lkp',
  ticket: 'lkt',
  bearer: 'lkb',
  signIn: 'lkn',
} as const
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const shape = /^(lk[uoiscptbn])_([0-9a-z]{1,11})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/

/** `lki_<organization in base 36>_<256 random bits in base 62><CRC-32 in base 62>` */
export function createToken(kind: TokenKind, organizationId: number): string {
  const start = `${prefixes[kind]}_${organizationId.toString(36)}_${randomBase62(43)}`
  return start + checksum(start)
}

/** The organization that a secret names; undefined for a typing error or another kind. */
export function readToken(kind: TokenKind, token: string): number | undefined {
  const [, prefix, organization = '', , sum] = shape.exec(token) ?? []
  if (prefix !== prefixes[kind] || checksum(token.slice(0, -6)) !== sum) return undefined
  const organizationId = Number.parseInt(organization, 36)
  return Number.isSafeInteger(organizationId) ? organizationId : undefined
}

/** 43 of them hold 256 random bits. */
function randomBase62(length: number): string {
  let text = ''
  while (text.length < length) {
    // Six bits each; what is beyond the alphabet is thrown away, so that all letters are as likely.
    // A few more than are needed, for it costs more to draw twice.
    for (const byte of randomBytes(length + 16)) {
      if ((byte & 63) < alphabet.length && text.length < length) text += alphabet[byte & 63]
    }
  }
  return text
}

function checksum(text: string): string {
  let rest = crc32(text)
  let digits = ''
  for (let at = 0; at < 6; at++) {
    digits = alphabet[rest % 62] + digits
    rest = Math.floor(rest / 62)
  }
  return digits
}
