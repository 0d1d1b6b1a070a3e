import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { SaxesParser } from 'saxes'
import { request } from 'undici'
import { describe, expect, test } from 'vitest'
import { addressOf } from '../../src/exchange/address.ts'
import {
  escapes,
  RenderError,
  render,
  renderAll,
  renderForm,
  renderJson,
} from '../../src/exchange/template.ts'
import { anyText } from './any-text.ts'

const base = new URL('https://vendor.example/api/')
const valuesOf = (value: string) => new Map([['a.key', value]])

/** What was rendered, or undefined for a refusal that names the key. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    expect(error).toBeInstanceOf(RenderError)
    expect((error as RenderError).key).toBe('a.key')
    return undefined
  }
}

function refusal(template: string, value: string, kind: keyof typeof escapes): string {
  try {
    return `rendered as ${render(template, valuesOf(value), escapes[kind])}`
  } catch (error) {
    return (error as Error).message
  }
}

test.each([
  ['path', '..', 'must not be "." or ".."'],
  ['path', '.', 'must not be "." or ".."'],
  ['path', '', 'is needed for the address'],
  ['path', '\ud800', 'is not well-formed Unicode'],
  ['query', 'a\udfff', 'is not well-formed Unicode'],
  ['text', '\ud800', 'is not well-formed Unicode'],
  ['header', 'a\r\nb: c', 'has a character that cannot stand in an HTTP header'],
  ['header', 'a\0', 'has a character that cannot stand in an HTTP header'],
  ['header', '€', 'has a character that cannot stand in an HTTP header'],
  ['header', 'token ', 'begins or ends with a space, which HTTP headers lose'],
  ['xml', '\u0001', 'has a character that cannot stand in XML'],
  ['xml', '\ufffe', 'has a character that cannot stand in XML'],
] as const)('in a %s, %j is refused because it %s', (kind, value, reason) => {
  expect(refusal('{a.key}', value, kind)).toBe(reason)
})

test('a refusal never repeats the value', () => {
  const secret = '..'
  for (const kind of ['path', 'header', 'xml'] as const) {
    expect(refusal('{a.key}', `${secret}\ud800hidden`, kind)).not.toContain('hidden')
  }
})

test('a value is not read for placeholders again', () => {
  const values = new Map([
    ['one', '{two}'],
    ['two', 'second $& $1'],
  ])
  expect(render('{one}{two}{none}', values, escapes.text)).toBe('{two}second $& $1')
})

test('braces that are no placeholder stay', () => {
  expect(render('{ a } {} {1} {a b}', valuesOf('x'), escapes.text)).toBe('{ a } {} {1} {a b}')
})

test('whatever a value is, it stays one segment of the path', () => {
  fc.assert(
    fc.property(anyText, (value) => {
      const address = attempt(() => addressOf(base, 'x/{a.key}/y', undefined, valuesOf(value)))
      if (address === undefined) return
      const url = new URL(address)
      const [, api, x, segment, y, ...more] = url.pathname.split('/')
      expect([url.origin, api, x, y, more]).toEqual([base.origin, 'api', 'x', 'y', []])
      expect(decodeURIComponent(segment!)).toBe(value)
      expect(url.search + url.hash).toBe('')
    }),
  )
})

test('whatever a value is, it stays one parameter of the query', () => {
  fc.assert(
    fc.property(anyText, (value) => {
      const query = { 'q&': '{a.key}', other: '1' }
      const address = attempt(() => addressOf(base, 'x', query, valuesOf(value)))
      if (address === undefined) return
      const url = new URL(address)
      expect([...url.searchParams]).toEqual([
        ['q&', value],
        ['other', '1'],
      ])
      expect(url.pathname + url.hash).toBe('/api/x')
    }),
  )
})

test('whatever a value is, it stays the text of one XML element, or of one attribute', () => {
  fc.assert(
    fc.property(anyText, (value) => {
      const template = '<r><a b="{a.key}" c=\'{a.key}\'>{a.key}</a><z/></r>'
      const xml = attempt(() => render(template, valuesOf(value), escapes.xml))
      if (xml === undefined) return
      const seen: unknown[] = []
      const parser = new SaxesParser()
      parser.on('opentag', ({ name, attributes }) => seen.push(name, { ...attributes }))
      parser.on('text', (text) => seen.push(text))
      parser.write(xml).close()
      const text = value === '' ? [] : [value]
      expect(seen).toEqual(['r', {}, 'a', { b: value, c: value }, ...text, 'z', {}])
    }),
  )
})

test('whatever a value is, it stays one string of the JSON', () => {
  fc.assert(
    fc.property(anyText, (value) => {
      const template = { a: ['{a.key}', 1, null, true], b: { c: 'x{a.key}y' } }
      const json = attempt(() => JSON.stringify(renderJson(template, valuesOf(value))))
      if (json === undefined) return
      expect(JSON.parse(json)).toEqual({ a: [value, 1, null, true], b: { c: `x${value}y` } })
    }),
  )
})

test('a member of the JSON may have any name', () => {
  const template = JSON.parse('{"__proto__": {"x": "{a.key}"}, "constructor": "{a.key}"}')
  expect(JSON.stringify(renderJson(template, valuesOf('v')))).toBe(
    '{"__proto__":{"x":"v"},"constructor":"v"}',
  )
})

test('whatever a value is, it stays one field of the form', () => {
  fc.assert(
    fc.property(anyText, (value) => {
      const fields = { 'f=': '{a.key}', g: 'x{a.key}' }
      const form = attempt(() => renderForm(fields, valuesOf(value)))
      if (form === undefined) return
      expect([...new URLSearchParams(form)]).toEqual([
        ['f=', value],
        ['g', `x${value}`],
      ])
    }),
  )
})

test('whatever a value is, a server gets it back as one header', async () => {
  const server = createServer(({ rawHeaders }, response) => {
    response.end(JSON.stringify(rawHeaders))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  try {
    await fc.assert(
      fc.asyncProperty(anyText, async (value) => {
        const header = attempt(() => render('{a.key}', valuesOf(value), escapes.header))
        if (header === undefined) return
        const answer = await request(url, { headers: ['x-value', header, 'x-end', '1'] })
        const received = (await answer.body.json()) as string[]
        expect(received.slice(received.indexOf('x-value'))).toEqual(
          expect.arrayContaining(['x-value', value, 'x-end', '1']),
        )
        expect(received.length).toBe(8)
      }),
    )
  } finally {
    server.close()
    server.closeAllConnections()
  }
})

describe('what repeats long values', () => {
  const long = new Map([['x', 'a'.repeat(16_384)]])
  const parts = Array.from({ length: 100 }, () => '{x}')

  test.each<[string, () => unknown]>([
    ['in one text', () => render(parts.join(''), long, escapes.text)],
    ['in many texts of a JSON value', () => renderJson({ list: parts }, long)],
    [
      'in many headers',
      () =>
        renderAll(
          Object.fromEntries(parts.entries().map(([at, x]) => [`h${at}`, x])),
          long,
          escapes.header,
        ),
    ],
    ['only to be looked at', () => render('{x|sha256}'.repeat(100), long, escapes.text)],
    ['through many filters', () => render(`{x${'|lower|upper'.repeat(50)}}`, long, escapes.text)],
  ])('%s comes to an end', (_, write) => {
    expect(write).toThrow('makes the request too large')
  })

  test('some of it is fine', () => {
    expect(renderJson(parts.slice(0, 50), long)).toHaveLength(50)
  })
})
