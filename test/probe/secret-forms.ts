import fc from 'fast-check'

const hexOf = (text: string) => Buffer.from(text).toString('hex')
const base64Of = (text: string) => Buffer.from(text).toString('base64')
const percentOf = (text: string) => hexOf(text).replace(/../g, '%$&')
const lowerPercent = (text: string) => text.replace(/%../g, (byte) => byte.toLowerCase())
const jsonOf = (text: string) => JSON.stringify(text).slice(1, -1)
const unitsOf = (text: string) => text.split('').map((unit) => unit.charCodeAt(0))
const unicodeOf = (text: string) =>
  unitsOf(text)
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('')
const named: Record<string, string> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' }
const xmlOf = (text: string) => text.replace(/[&<>"']/g, (mark) => `&${named[mark]};`)
const decimalOf = (text: string) =>
  [...text].map((letter) => `&#${letter.codePointAt(0)};`).join('')
const hexReferences = (text: string) =>
  [...text].map((letter) => `&#x${letter.codePointAt(0)!.toString(16)};`).join('')

/** The ways in which a vendor may give a secret back. */
export const forms: Record<string, (secret: string) => string> = {
  raw: (secret) => secret,
  'in upper case': (secret) => secret.replace(/[a-z]/g, (letter) => letter.toUpperCase()),
  base64: base64Of,
  'base64 without padding': (secret) => base64Of(secret).replace(/=+$/, ''),
  base64url: (secret) => Buffer.from(secret).toString('base64url'),
  'base64, percent-encoded': (secret) => encodeURIComponent(base64Of(secret)),
  'base64 in JSON': (secret) => base64Of(secret).replaceAll('/', '\\/'),
  hex: hexOf,
  'hex in upper case': (secret) => hexOf(secret).toUpperCase(),
  'percent-encoded': encodeURIComponent,
  'percent-encoded in lower case': (secret) => lowerPercent(encodeURIComponent(secret)),
  'percent-encoded throughout': (secret) => percentOf(secret),
  'percent-encoded throughout, in upper case': (secret) => percentOf(secret).toUpperCase(),
  'form-encoded': (secret) => new URLSearchParams([['', secret]]).toString().slice(1),
  JSON: jsonOf,
  'JSON with slashes escaped': (secret) => jsonOf(secret).replaceAll('/', '\\/'),
  'JSON in code units': unicodeOf,
  'JSON in code units, upper case': (secret) =>
    unicodeOf(secret).replace(/[a-f0-9]{4}/g, (digits) => digits.toUpperCase()),
  'JSON in JSON': (secret) => jsonOf(jsonOf(secret)),
  XML: xmlOf,
  'XML in decimal references': decimalOf,
  'XML in hexadecimal references': hexReferences,
  'XML in long references': (secret) => decimalOf(secret).replaceAll('&#', '&#0'),
  'XML in JSON': (secret) => jsonOf(xmlOf(secret)).replaceAll('&', '\\u0026'),
  'JSON in XML': (secret) => xmlOf(jsonOf(secret)),
  'percent-encoded in JSON': (secret) => jsonOf(encodeURIComponent(secret)),
}

const marks = [...'&<>"\'\\/+%=:;#?{} -_~!é€😀\n\t']

/** Secrets that are long enough to be found, without stars, which stand for what was found. */
export const anySecret = fc
  .array(fc.oneof(fc.constantFrom(...marks), fc.string({ unit: 'grapheme-ascii', maxLength: 4 })), {
    minLength: 4,
    maxLength: 30,
  })
  .map((parts) => parts.join('').replaceAll('*', ''))
  .filter((secret) => [...secret.trim()].length >= 4)
