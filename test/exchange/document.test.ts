import { describe, expect, test } from 'vitest'
import { AnswerDocument } from '../../src/exchange/document.ts'

const read = (body: string | Buffer, type = '') => new AnswerDocument(Buffer.from(body), type)
const xml = (body: string, path: string) => read(body, 'text/xml').xml(path)
const megabyte = 1024 * 1024

describe('hostile XML is read in bounded time', () => {
  const many = (length: number, part: (at: number) => string) =>
    Array.from({ length }, (_, at) => part(at)).join('')
  const name = 'n'.repeat(megabyte / 2)
  test.each<[string, string]>([
    ['a megabyte of control characters', `<a>x${'\u0001'.repeat(megabyte)}</a>`],
    ['elements that never end', '<a>'.repeat(megabyte / 3)],
    ['elements 100,000 deep', '<a>'.repeat(100_000) + '</a>'.repeat(100_000)],
    ['a name as long as half of the body', `<${name}>${'<a/>'.repeat(megabyte / 8)}</${name}>`],
    ['siblings of one name', `<a>${'<b/>'.repeat(megabyte / 4)}</a>`],
    ['siblings of many names', `<a>${many(100_000, (at) => `<b${at}/>`)}</a>`],
    [
      'siblings of many names, deep down',
      `${'<a>'.repeat(30)}${many(90_000, (at) => `<b${at}/>`)}`,
    ],
    [
      'blanks between many siblings',
      `<a>${' '.repeat(megabyte / 2)}${'<a/>'.repeat(megabyte / 8)}</a>`,
    ],
    ['unknown entities', `<a>${'&x;'.repeat(megabyte / 3)}</a>`],
    ['ends without a beginning', `<a>${'</b>'.repeat(megabyte / 4)}`],
    ['attributes', `<a ${many(100_000, (at) => `a${at}="" `)}/>`],
    ['attributes that are none', `<a ${'a=b '.repeat(megabyte / 4)}/>`],
    ['angle brackets', '<'.repeat(megabyte)],
    ['texts in pieces', `<a>${'x<!---->'.repeat(megabyte / 8)}</a>`],
    ['open comments', '<!--'.repeat(megabyte / 4)],
    ['CDATA in pieces', `<a>${'<![CDATA[x]]>'.repeat(megabyte / 13)}</a>`],
  ])('%s', (_, body) => {
    const started = performance.now()
    const document = read(body, 'text/xml')
    expect(document.xml('a/c')).toBeUndefined()
    expect(document.kind).toBe('xml')
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  test('entities of entities stay as they are written', () => {
    const bomb = '<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;">]><a>&y;&y;</a>'
    expect(xml(bomb, 'a')).toBe('&y;&y;')
    const file = '<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>'
    expect(xml(file, 'a')).toBe('&f;')
  })

  test('what lies deeper than anyone writes is left out, what stands beside it is not', () => {
    const deep = `<r>${'<a>'.repeat(40)}deep${'</a>'.repeat(40)}<b>beside</b></r>`
    expect(xml(deep, 'r/b')).toBe('beside')
    expect(xml(deep, `r${'/a'.repeat(31)}`)).toBe('')
    expect(xml(deep, `r${'/a'.repeat(32)}`)).toBeUndefined()
  })

  test('known paths are read on behind too many others', () => {
    const others = Array.from({ length: 6_000 }, (_, at) => `<n${at}><b>no</b></n${at}>`).join('')
    const body = `<r><b></b>${others}<b>yes</b></r>`
    expect(xml(body, 'r/b')).toBe('yes')
    expect(xml(body, 'r/n5999')).toBeUndefined()
  })
})

describe('XML as vendors write it', () => {
  test.each([
    ['line ends as references', '<a>one&#xD;\ntwo</a>', 'one\r\ntwo'],
    ['characters that XML forbids', '<a>one\u0001&#x1;two\u001f</a>', 'one\u0001&#x1;two\u001f'],
    ['a part that breaks off', '<a>one', 'one'],
    ['an end that does not fit', '<a>one</b>', 'one'],
    ['text behind the root', '<a>one</a>two', 'one'],
    ['text and CDATA', '<a>one <![CDATA[<two>]]> three</a>', 'one <two> three'],
    ['a comment in the text', '<a>one<!-- or -->two</a>', 'onetwo'],
    ['an element in the text', '<a>one<b>or</b>two</a>', 'onetwo'],
    ['blanks around', '<a>\n  one  \n</a>', 'one'],
    ['the first of several', '<r><a>one</a><a>two</a></r>', undefined],
    ['a prefix', '<p:a xmlns:p="urn:p">one</p:a>', 'one'],
    ['a prefix that is bound to nothing', '<p:a>one</p:a>', 'one'],
    ['the five entities', '<a>&lt;&gt;&amp;&quot;&apos;&#233;</a>', '<>&"\'é'],
    ['a mark at the beginning', '\ufeff<?xml version="1.0"?><a>one</a>', 'one'],
    ['nothing', '', undefined],
    ['no XML', 'a', undefined],
  ])('%s', (_, body, text) => {
    expect(xml(body, 'a')).toBe(text)
  })

  test('the first of several with a text is the one that counts', () => {
    expect(xml('<r><a> </a><a>one</a><a>two</a></r>', 'r/a')).toBe('one')
    expect(xml('<r><a/></r>', 'r/a')).toBe('')
    expect(xml('<r><__proto__>x</__proto__></r>', 'r/__proto__')).toBe('x')
    expect(xml('<r/>', 'r/constructor')).toBeUndefined()
  })
})

describe('a JSON Pointer', () => {
  const body = JSON.stringify({
    '': 0,
    'a/b': 1,
    'm~n': 2,
    '~1': 3,
    list: ['x', { y: null }],
    ' ': 7,
  })
  test.each([
    ['', JSON.parse(body)],
    ['/', 0],
    ['/a~1b', 1],
    ['/m~0n', 2],
    ['/~01', 3],
    ['/ ', 7],
    ['/list/0', 'x'],
    ['/list/1/y', null],
    ['/list/2', undefined],
    ['/list/-', undefined],
    ['/list/00', undefined],
    ['/list/length', undefined],
    ['/list/1/y/z', undefined],
    ['/list/0/0', undefined],
    ['/__proto__', undefined],
    ['/constructor', undefined],
    ['/list/map', undefined],
    ['/a/b', undefined],
  ])('%j points at %j', (pointer, value) => {
    expect(read(body).json(pointer)).toEqual(value)
  })

  test('finds own members only, whatever they are called', () => {
    expect(read('{"__proto__":{"x":1}}').json('/__proto__/x')).toBe(1)
    expect(read('{"__proto__":{"x":1}}').json('/x')).toBeUndefined()
  })

  test('points at nothing where there is no JSON, or it is too deep to follow', () => {
    for (const bad of ['', '{', 'null', '"x"', '<a/>']) {
      expect(read(bad).json('/a')).toBeUndefined()
    }
    const deep = '['.repeat(megabyte / 2) + ']'.repeat(megabyte / 2)
    expect(read(deep).json('/0/0/0/1')).toBeUndefined()
  })
})

describe('an answer', () => {
  test.each([
    ['<!doctype html><p>', '', 'html'],
    ['\n <HTML lang="en">', 'text/plain', 'html'],
    ['{}', 'text/HTML; charset=utf-8', 'html'],
    ['<?xml version="1.0"?><a/>', 'text/plain', 'xml'],
    ['[1]', 'text/plain', 'json'],
    ['"x"', '', 'json'],
    ['{broken', 'application/json', undefined],
    ['', 'application/json', undefined],
    ['Cannot route.', 'text/plain', undefined],
  ])('%j of type %j is %s', (body, type, kind) => {
    expect(read(body, type).kind).toBe(kind)
  })

  test.each([
    ['iso-8859-1', Buffer.from('é', 'latin1')],
    ['"windows-1252"', Buffer.from('é', 'latin1')],
    ['UTF-16LE', Buffer.from('é', 'utf16le')],
    ['utf-8', Buffer.from('\ufeffé')],
    ['no-such-charset', Buffer.from('é')],
    ['iso-2022-kr', Buffer.from('é')],
    ['"', Buffer.from('é')],
  ])('in the charset %s is decoded, or taken for UTF-8', (charset, bytes) => {
    expect(read(bytes, `text/plain; charset=${charset}`).text).toBe('é')
  })

  test('of bytes that are no text is read as far as it goes', () => {
    expect(read(Buffer.from([0x61, 0xc3, 0x28, 0xff])).text).toBe('a\ufffd(\ufffd')
  })
})
