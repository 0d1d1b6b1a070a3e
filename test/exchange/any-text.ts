import fc from 'fast-check'

const nasty = [
  '',
  '.',
  '..',
  ' ',
  '/',
  '../..',
  '%2e%2e%2f',
  'a:b',
  '\0',
  '\r\nHost: evil',
  '"',
  "'",
  '\\',
  '</a>',
  ']]>',
  '<!--',
  '&amp;',
  '&#0;',
  '{other}',
  '$&',
  '?a=b&c=d#e',
  '\u0085\u2028\ufeff',
  '\ud800',
  '\ufffe',
  'é€😀',
]

/** Any string that a program may hold, halves of surrogate pairs included, often a nasty one. */
export const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme-ascii' }),
  fc.array(fc.nat(0xffff), { maxLength: 8 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom(...nasty),
  fc.tuple(fc.string(), fc.constantFrom(...nasty), fc.string()).map((parts) => parts.join('')),
)
