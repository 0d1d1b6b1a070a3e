import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stripMarkup } from '../../src/instances/markup.ts'

/** Where a browser begins a tag, a comment or a declaration (HTML, section 13.2.5.6). */
const tagOpen = /<[a-z/!?]/i

describe('markup goes', () => {
  test.each([
    ['<b>Acme</b> desk', 'Acme desk'],
    ['<B CLASS="x>y">Acme</B>', 'Acme'],
    ["<a href='>'>Acme</a>", 'Acme'],
    ['<b<i>>Acme', '>Acme'],
    ['<img src=x onerror=alert(1)>', ''],
    ['<svg/onload=alert(1)>Acme', 'Acme'],
    ['<script>alert(1)</script>Acme', 'Acme'],
    ['<SCRIPT >alert("</b>")</sCript >Acme', 'Acme'],
    ['<style>b { color: red }</style>Acme', 'Acme'],
    ['<script>alert(1)', ''],
    ['<script><script>x</script>y</script>Acme', 'yAcme'],
    ['Acme <b', 'Acme'],
    ['Acme <b title="', 'Acme'],
    ['Acme</b', 'Acme'],
    ['Acme <!-- a --> desk', 'Acme  desk'],
    ['Acme <!-- a', 'Acme'],
    ['Acme <!doctype html> desk', 'Acme  desk'],
    ['Acme <?php echo ?> desk', 'Acme  desk'],
    ['Acme <![CDATA[<b>]]>', 'Acme'],
    ['<title><b>Acme</title>', 'Acme'],
    ['<textarea><b>Acme', 'Acme'],
    ['<xmp><b>Acme</b></xmp>', 'Acme'],
    ['<plaintext><b>Acme', 'Acme'],
    ['<noscript><b title="</noscript><i>">Acme', 'Acme'],
    ['<my-element>Acme</my-element>', 'Acme'],
    ['<b\n>Acme</b\n>', 'Acme'],
  ])('from %j, and leaves %j', (text, left) => {
    expect(stripMarkup(text)).toBe(left)
  })

  test.each([
    '<<b>b>Acme',
    '<<<b>b>b>Acme',
    '<scr<b>ipt>alert(1)</scr</b>ipt>Acme',
    '<<script>x</script>b>Acme',
    '<<!-- -->b>Acme',
    '<</b>/b>Acme',
    '<!<b>-- -->Acme',
  ])('from %j too, where what stands around a tag makes another', (text) => {
    const left = stripMarkup(text)
    expect(left).not.toMatch(tagOpen)
    expect(left).toMatch(/Acme$/)
  })

  test.each([0, 1, 9, 10, 11, 50, 1000])('when tags are %i deep inside each other', (depth) => {
    expect(stripMarkup(`${'<'.repeat(depth)}<b>${'b>'.repeat(depth)}Acme`)).not.toMatch(tagOpen)
    expect(stripMarkup(`${'<b'.repeat(depth)}<b>${'>'.repeat(depth)}`)).not.toMatch(tagOpen)
  })
})

describe('text stays', () => {
  test.each([
    'Acme',
    'a < b',
    'a <= b && c > d',
    '1<2',
    'I <3 you',
    '<',
    '<<<',
    'a <',
    '>',
    'é€😀',
    '&lt;b&gt;',
    '&amp;lt;',
    '&#60;b&#62;',
    '&nosuch;',
    'R&D "quoted" \'too\'',
  ])('%j', (text) => {
    expect(stripMarkup(text)).toBe(text)
  })

  test('entities inside markup do not become markup', () => {
    expect(stripMarkup('<i>&lt;b&gt;</i>')).toBe('&lt;b&gt;')
    expect(stripMarkup('<&#98;>')).not.toMatch(tagOpen)
  })

  test('blanks around it do not', () => {
    expect(stripMarkup(' <b> Acme </b>\n')).toBe('Acme')
    expect(stripMarkup('<b> </b>')).toBe('')
  })
})

const piece = fc.constantFrom(
  ...['<', '>', '/', '!', '-', '--', '?', '"', "'", '=', ' ', '\n', '\0', '[CDATA[', ']]'],
  ...['a', 'b', 'script', 'style', 'title', 'textarea', 'xmp', 'plaintext', 'svg', 'math'],
  ...['<b>', '</b>', '<!--', '-->', '<script>', '</script>', '<b ', '&lt;', '&#60;', 'é', 'K'],
)

test('whatever is written, nothing is left that a browser would take for markup', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const left = stripMarkup(pieces.join(''))
      expect(left).not.toMatch(tagOpen)
      expect(stripMarkup(left)).toBe(left)
    }),
    { numRuns: 2000 },
  )
})

test('what holds no "<" is only trimmed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const plain = text.replaceAll('<', '')
      expect(stripMarkup(plain)).toBe(plain.trim())
    }),
  )
})

test.each([
  ['tags', '<b>'],
  ['open brackets', '<'],
  ['open tags', '<b '],
  ['open comments', '<!--'],
  ['open attributes', '<b a="'],
  ['scripts', '<script>'],
  ['ends', '</b>'],
  ['references', '&lt;'],
])('a megabyte of %s takes bounded time', (_, part) => {
  const started = performance.now()
  expect(stripMarkup(part.repeat((1024 * 1024) / part.length))).not.toMatch(tagOpen)
  const half = 512 * 1024
  expect(stripMarkup('<'.repeat(half) + `${part}b>`.repeat(half / 8))).not.toMatch(tagOpen)
  expect(performance.now() - started).toBeLessThan(5_000)
})
