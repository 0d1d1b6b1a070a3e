import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { SaxesParser } from 'saxes'
import { expect, test } from 'vitest'
import { Unsignable } from '../../src/authentication/unsignable.ts'
import { usernameToken } from '../../src/authentication/username-token.ts'
import { RenderError } from '../../src/exchange/template.ts'
import { anyText } from '../exchange/any-text.ts'
import { openVendor, type Received, refusalOf } from './vendor.ts'

const text = {
  type: 'usernameToken',
  name: 'WS-Security',
  username: '{user}',
  password: '{password}',
  passwordType: 'PasswordText',
} as const
const digest = { ...text, passwordType: 'PasswordDigest' } as const
const strict = { ...digest, mustUnderstand: true, timestampSeconds: 300 } as const
const right = { user: 'api & <1>', password: 'p"ä]]>' }

const soap11 = 'http://schemas.xmlsoap.org/soap/envelope/'
const soap12 = 'http://www.w3.org/2003/05/soap-envelope'
const wss = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss'
const secext = `${wss}-wssecurity-secext-1.0.xsd`
const utility = `${wss}-wssecurity-utility-1.0.xsd`

const envelope = (header = '', namespace = soap11) =>
  `<?xml version="1.0"?><s:Envelope xmlns:s="${namespace}">${header}<s:Body><Op xmlns="urn:x"/></s:Body></s:Envelope>`
const post = { method: 'POST', headers: { 'content-type': 'text/xml' }, body: envelope() }

interface Node {
  text: string
  attributes: Record<string, string>
}

/** Every element by its path of `{namespace}local`, and the attributes by `{namespace}local`. */
function readXml(xml: string): Map<string, Node> {
  const found = new Map<string, Node>()
  const path: string[] = []
  const parser = new SaxesParser({ xmlns: true })
  parser.on('opentag', ({ uri, local, attributes }) => {
    path.push(`{${uri}}${local}`)
    const named = Object.values(attributes).map((one) => [`{${one.uri}}${one.local}`, one.value])
    found.set(path.join('/'), { text: '', attributes: Object.fromEntries(named) })
  })
  parser.on('text', (content) => {
    const node = found.get(path.join('/'))
    if (node) node.text += content
  })
  parser.on('closetag', () => path.pop())
  parser.write(xml).close()
  return found
}

function securityOf({ body }: Received, namespace = soap11) {
  const security = `{${namespace}}Envelope/{${namespace}}Header/{${secext}}Security`
  const nodes = readXml(body)
  const at = (...names: string[]) => nodes.get([security, ...names].join('/'))
  const token = (name: string) => at(`{${secext}}UsernameToken`, name)
  return {
    security: at(),
    username: token(`{${secext}}Username`)?.text,
    password: token(`{${secext}}Password`),
    nonce: token(`{${secext}}Nonce`),
    created: token(`{${utility}}Created`)?.text,
    timestamp: {
      created: at(`{${utility}}Timestamp`, `{${utility}}Created`)?.text,
      expires: at(`{${utility}}Timestamp`, `{${utility}}Expires`)?.text,
    },
  }
}

/** As UsernameToken profile 1.1, section 3.1, has it; a nonce is good once. */
function judge(known = right, namespace = soap11) {
  const used = new Set<string>()
  return (received: Received) => {
    const { username, password, nonce, created = '' } = securityOf(received, namespace)
    const kind = password?.attributes['{}Type']?.split('#')[1]
    if (username !== known.user) return false
    if (kind === 'PasswordText') return password?.text === known.password
    const bytes = Buffer.from(nonce?.text ?? '', 'base64')
    const wanted = createHash('sha1')
      .update(bytes)
      .update(created + known.password, 'utf8')
    const encoded = nonce?.attributes['{}EncodingType']?.endsWith('#Base64Binary')
    if (used.has(nonce!.text) || bytes.length !== 16 || !encoded) return false
    used.add(nonce!.text)
    const fresh = Math.abs(Date.now() - Date.parse(created)) < 60_000
    return kind === 'PasswordDigest' && fresh && password?.text === wanted.digest('base64')
  }
}

test.each([text, digest, strict])('wrong credentials are refused: %o', async (authentication) => {
  await using vendor = await openVendor(judge())
  expect(await vendor.call(authentication, { ...right, password: 'p' }, post)).toBe(401)
  expect(await vendor.call(authentication, { ...right, user: 'api' }, post)).toBe(401)
  expect(await vendor.call(authentication, {}, post)).toBe(401)
})

test.each([text, digest, strict])('the right ones are known again and again: %o', async (one) => {
  await using vendor = await openVendor(judge())
  expect(await vendor.call(one, right, post)).toBe(200)
  expect(await vendor.call(one, right, post)).toBe(200)
})

test('another time than the digest covers is refused', async () => {
  await using vendor = await openVendor(judge())
  const later = (body: unknown = '') =>
    String(body).replace(/\.(\d)(\d\dZ<)/, (_, n, rest) => `.${(Number(n) + 1) % 10}${rest}`)
  const tamper = <T extends { body: unknown }>(one: T) => ({
    ...one,
    body: later(one.body),
  })
  expect(await vendor.call(digest, right, { ...post, tamper })).toBe(401)
})

test('the digest does not hold the password', async () => {
  await using vendor = await openVendor(judge())
  await vendor.call(digest, { user: 'a', password: 'plain-secret' }, post)
  expect(vendor.received[0]!.body).not.toContain('plain-secret')
})

test.each([soap11, soap12])(
  'what has to be understood says so in the terms of %s',
  async (namespace) => {
    await using vendor = await openVendor(judge(right, namespace))
    const body = envelope('', namespace)
    expect(await vendor.call(strict, right, { ...post, body })).toBe(200)
    const { security, timestamp } = securityOf(vendor.received[0]!, namespace)
    expect(security!.attributes[`{${namespace}}mustUnderstand`]).toBe('1')
    const [created, expires] = [timestamp.created!, timestamp.expires!]
    expect(Date.parse(expires) - Date.parse(created)).toBe(300_000)
  },
)

test('without being asked for there is neither timestamp nor mustUnderstand', async () => {
  await using vendor = await openVendor(judge())
  await vendor.call(digest, right, post)
  const { security, timestamp } = securityOf(vendor.received[0]!)
  expect(Object.keys(security!.attributes)).not.toContain(`{${soap11}}mustUnderstand`)
  expect(timestamp).toEqual({ created: undefined, expires: undefined })
})

test('a header that is there keeps what it has', async () => {
  await using vendor = await openVendor(judge())
  const header = '<s:Header><To xmlns="urn:y">here</To></s:Header>'
  expect(await vendor.call(strict, right, { ...post, body: envelope(header) })).toBe(200)
  expect(vendor.received[0]!.body).toContain('<To xmlns="urn:y">here</To></s:Header>')
  expect(vendor.received[0]!.body.match(/s:Header>/g)).toHaveLength(2)
})

test.each([undefined, '', '{"a":1}', '<a/>', `${envelope()}<a/>`])(
  'what is no envelope is not sent without credentials: %j',
  async (body) => {
    await using vendor = await openVendor(judge())
    const call = { method: 'POST', ...(body !== undefined && { body }) }
    await expect(vendor.call(strict, right, call)).rejects.toThrow(Unsignable)
    expect(vendor.received).toEqual([])
  },
)

const request = { ...post, url: 'https://v.example/' }

test.each([
  [text, 'user', 'a\0b'],
  [text, 'password', 'a\u0001b'],
  [digest, 'user', '\uffff'],
  [digest, 'password', '\ud800'],
])('what cannot stand there is refused, naming the entry: %o %s', async (one, key, value) => {
  const values = new Map(Object.entries({ ...right, [key]: value }))
  expect((await refusalOf(() => usernameToken.sign(request, one, values))).key).toBe(key)
})

test.each([text, strict])(
  'whatever the credentials are, the vendor reads the same ones: %o',
  async (one) => {
    let known = right
    await using vendor = await openVendor((received) => judge(known)(received))
    const sent = fc.asyncProperty(anyText, anyText, async (user, password) => {
      known = { user, password }
      try {
        expect(await vendor.call(one, known, post)).toBe(200)
      } catch (error) {
        if (!(error instanceof RenderError)) throw error
      }
    })
    await fc.assert(sent)
  },
)

test('what is shown has stars for password, digest and nonce', () => {
  const stars = new Map([
    ['user', 'api'],
    ['password', '********'],
  ])
  for (const one of [text, strict]) {
    const shown = {
      method: '',
      url: '',
      headers: {},
      body: usernameToken.mask(request, one, stars).body!,
    }
    const { username, password, nonce } = securityOf(shown as unknown as Received)
    expect(username).toBe('api')
    expect(password!.text).toBe('********')
    expect(nonce?.text).toBe(one === text ? undefined : '********')
  }
})
