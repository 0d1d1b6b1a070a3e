import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Element } from '../../src/definition/element.ts'
import { addressOf, baseUrlOf } from '../../src/exchange/address.ts'
import { RenderError } from '../../src/exchange/template.ts'
import { addressed } from '../definition/definition.ts'
import { anyText } from './any-text.ts'

const server = addressed('{u}', { key: 'u', type: 'url' })
const serverWithDefault = addressed('{u}', { key: 'u', type: 'url', defaultPath: '/v4/apis/3.0' })
const wsdl = addressed('{u}{p}', { key: 'u', type: 'url' }, { key: 'p', type: 'path' })
const tenant = addressed(
  'https://{t}.example.com/{s}/x',
  { key: 's', type: 'text' },
  { key: 't', type: 'text' },
)

const made = (element: Element, values: Record<string, string>) =>
  baseUrlOf(element, new Map(Object.entries(values))).href

const noAddress = 'must be an address such as https://api.example.com'

test.each([
  ['', noAddress],
  ['   ', noAddress],
  ['https://', noAddress],
  ['https:/host', noAddress],
  ['http:host', noAddress],
  ['https:\\\\host', noAddress],
  ['ftp://host', noAddress],
  ['file:///etc/passwd', noAddress],
  ['javascript:alert(1)', noAddress],
  ['data:text/html,x', noAddress],
  ['https://host:port', noAddress],
  ['https://host:99999', noAddress],
  ['::1', noAddress],
  ['https://[::1', noAddress],
  ['https://a b', noAddress],
  ['https://a<b', noAddress],
  ['https://1.2.3.4.5', noAddress],
  ['https://user@host', 'must not hold a user name or password'],
  ['user:secret@host', 'must not hold a user name or password'],
  ['https://*.example.com', 'does not make an address'],
  ['*', 'does not make an address'],
  ['https://:secret@host', 'must not hold a user name or password'],
  ['https://host/?wsdl', 'must not hold "?" or "#"'],
  ['https://host/#top', 'must not hold "?" or "#"'],
  ['host?x', 'must not hold "?" or "#"'],
  ['https://host/\ud800', 'is not well-formed Unicode'],
])('%j is no server: %s', (value, reason) => {
  expect(() => made(server, { u: value })).toThrow(
    expect.objectContaining({ constructor: RenderError, key: 'u', message: reason }),
  )
})

test.each([
  ['host.example', 'https://host.example/'],
  ['localhost:3001', 'https://localhost:3001/'],
  ['http://host.example', 'http://host.example/'],
  ['HTTPS://Host.Example', 'https://host.example/'],
  ['https://host:443', 'https://host/'],
  ['https://host:8443/', 'https://host:8443/'],
  ['https://host///', 'https://host/'],
  ['https://host/a/b//', 'https://host/a/b/'],
  ['https://host//a//b', 'https://host/a/b/'],
  ['https://host/a/../b', 'https://host/b/'],
  ['https://host/a/%2e%2e/%2E./b', 'https://host/b/'],
  ['https://host/../../a', 'https://host/a/'],
  ['https://host/a%2fb', 'https://host/a%2fb/'],
  ['https://host/ä b', 'https://host/%C3%A4%20b/'],
  ['[2001:db8::1]:8443', 'https://[2001:db8::1]:8443/'],
  ['https://[::1]/x', 'https://[::1]/x/'],
  ['münchen.example', 'https://xn--mnchen-3ya.example/'],
  ['https://0x7f.1', 'https://127.0.0.1/'],
  ['//host/a', 'https://host/a/'],
])('the server %j is %s', (value, href) => {
  expect(made(server, { u: value })).toBe(href)
})

test.each([
  ['host', 'https://host/v4/apis/3.0/'],
  ['host/', 'https://host/v4/apis/3.0/'],
  ['host//', 'https://host/v4/apis/3.0/'],
  ['host/own', 'https://host/own/'],
])('a default path stands where %j has none', (value, href) => {
  expect(made(serverWithDefault, { u: value })).toBe(href)
})

test.each([
  ['host', '/v2015_3/apis/2.0/', 'https://host/v2015_3/apis/2.0/'],
  ['host/', 'v2015_3/apis/2.0', 'https://host/v2015_3/apis/2.0/'],
  ['host/a/', '//v2015_3//apis///2.0//', 'https://host/a/v2015_3/apis/2.0/'],
  ['host', '/', 'https://host/'],
  ['host', '', 'https://host/'],
  ['host', 'a b/c?d#e/f\\g', 'https://host/a%20b/c%3Fd%23e/f%5Cg/'],
  ['host', 'https://evil/', 'https://host/https%3A/evil/'],
])('the server %j and the path %j make %s', (u, p, href) => {
  expect(made(wsdl, { u, p })).toBe(href)
})

test.each(['../x', 'a/..', './a', 'a/../../b'])('the path %j may not leave the server', (p) => {
  expect(() => made(wsdl, { u: 'host', p })).toThrow(
    expect.objectContaining({ key: 'p', message: 'must not be "." or ".."' }),
  )
})

test.each([
  '',
  'evil.com/',
  'evil.com#',
  'evil.com?',
  'evil.com\\',
  'a@evil.com',
  'a:1',
  'a b',
  '-a',
  'a-',
  'a..b',
  '.a',
  'ä',
  '%61',
  `a${'b'.repeat(63)}`,
])('%j cannot be a part of a host name', (t) => {
  expect(() => made(tenant, { t, s: 'x' })).toThrow(
    expect.objectContaining({ constructor: RenderError, key: 't' }),
  )
})

test('a host that no address can have is refused, naming the entry that makes it', () => {
  const host = addressed('https://{h}', { key: 'x', type: 'text' }, { key: 'h', type: 'text' })
  expect(() => made(host, { h: '1.2.3.4.5' })).toThrow(
    expect.objectContaining({ key: 'h', message: 'does not make an address' }),
  )
})

test('a value stands in its label and another in its segment', () => {
  expect(made(tenant, { t: 'acme.eu', s: 'a/b' })).toBe('https://acme.eu.example.com/a%2Fb/x/')
})

test('whatever a label is, the host stays under its domain', () => {
  fc.assert(
    fc.property(fc.oneof(fc.stringMatching(/^[a-zA-Z0-9.-]{1,20}$/), anyText), anyText, (t, s) => {
      try {
        const url = new URL(made(tenant, { t, s }))
        expect(url.hostname).toBe(`${t.toLowerCase()}.example.com`)
        expect(url.pathname.split('/').length).toBe(4)
        expect(url.search + url.hash + url.username + url.port).toBe('')
      } catch (error) {
        expect(error).toBeInstanceOf(RenderError)
      }
    }),
  )
})

test('whatever a server and a path are, the base URL ends in one slash and has nothing behind it', () => {
  fc.assert(
    fc.property(fc.oneof(fc.webUrl(), fc.domain(), anyText), anyText, (u, p) => {
      try {
        const url = new URL(made(wsdl, { u, p }))
        expect(url.href).toMatch(/^https?:\/\/[^/?#@]+\/([^?#/]+\/)*$/)
      } catch (error) {
        expect(error).toBeInstanceOf(RenderError)
      }
    }),
  )
})

test('a path of nothing but slashes takes no time', () => {
  const slashes = `${'/'.repeat(16_000)}x`
  expect(made(server, { u: `host${slashes}` })).toBe('https://host/x/')
  expect(made(wsdl, { u: 'host', p: slashes })).toBe('https://host/x/')
})

test('a call keeps to the base URL, and names its parameters', () => {
  const base = new URL('https://host/v1/')
  expect(addressOf(base, 'a', undefined, new Map())).toBe('https://host/v1/a')
  expect(addressOf(base, 'a', {}, new Map())).toBe('https://host/v1/a')
  expect(addressOf(base, 'a/{k}', { 'x y': '{k}', z: '' }, new Map([['k', '/?&=']]))).toBe(
    'https://host/v1/a/%2F%3F%26%3D?x%20y=%2F%3F%26%3D&z=',
  )
})
