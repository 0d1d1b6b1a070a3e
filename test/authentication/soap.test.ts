import fc from 'fast-check'
import { SaxesParser } from 'saxes'
import { expect, test } from 'vitest'
import { soap } from '../../src/authentication/soap.ts'
import { RenderError } from '../../src/exchange/template.ts'
import { anyText } from '../exchange/any-text.ts'
import { openVendor, type Received } from './vendor.ts'

const scheme = {
  type: 'soap',
  name: 'In the body',
  element: 'credentials',
  fields: [
    { name: 'User', value: '{user}' },
    { name: 'Password', value: '{password}' },
  ],
} as const
const values = new Map([
  ['user', 'api1'],
  ['password', 'p&w<'],
])
const soap11 = 'xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"'
const credentials = (prefix = '') =>
  `<${prefix}credentials><${prefix}User>api1</${prefix}User><${prefix}Password>p&#38;w&#60;</${prefix}Password></${prefix}credentials>`

function signed(body: string | undefined, given: ReadonlyMap<string, string> = values) {
  const headers = { 'content-type': 'text/xml' }
  const request = { method: 'POST', url: 'https://vendor.example/', headers, body }
  return soap.sign(request, { ...scheme, fields: [...scheme.fields] }, given).body!
}

const envelope = (operation: string) =>
  `<soap:Envelope ${soap11}><soap:Body>${operation}</soap:Body></soap:Envelope>`

const notEnvelopes: [string, string | undefined][] = [
  ['no body', undefined],
  ['an empty body', ''],
  ['text', 'secret=api1'],
  ['JSON', '{"Envelope":{}}'],
  ['other XML', '<a><b><c/></b></a>'],
  [
    'an envelope without a body',
    `<soap:Envelope ${soap11}><soap:Header><a/></soap:Header></soap:Envelope>`,
  ],
  ['an empty SOAP body', envelope('')],
  ['text in the SOAP body', envelope('text')],
  ['a comment in the SOAP body', envelope('<!-- <Op/> -->')],
  ['XML that breaks off', envelope('<Op>').slice(0, -9)],
  ['two roots', `${envelope('<Op/>')}<a/>`],
]

test.each(notEnvelopes)('%s is refused with a clear error', (_, body) => {
  expect(() => signed(body)).toThrow('the request body is no SOAP envelope with an operation')
})

test('a value that XML cannot hold is refused, naming the entry', () => {
  const broken = new Map([...values, ['password', 'a\u0001b']])
  expect(() => signed(envelope('<Op/>'), broken)).toThrow(
    expect.objectContaining({ constructor: RenderError, key: 'password' }),
  )
})

const operations: [string, string, string][] = [
  ['that closes itself', '<Op xmlns="urn:x"/>', `<Op xmlns="urn:x">${credentials()}</Op>`],
  ['that closes itself behind spaces', '<Op \n\t/>', `<Op>${credentials()}</Op>`],
  ['that is empty', '<Op></Op>', `<Op>${credentials()}</Op>`],
  ['with arguments', '<Op><a>1</a></Op>', `<Op>${credentials()}<a>1</a></Op>`],
  ['with text', '<Op> text</Op>', `<Op>${credentials()} text</Op>`],
  ['with a prefix', '<m:Op xmlns:m="urn:x"/>', `<m:Op xmlns:m="urn:x">${credentials('m:')}</m:Op>`],
  ['with ">" in an attribute', '<Op a=">" b=\'/>\'/>', `<Op a=">" b='/>'>${credentials()}</Op>`],
  ['behind a comment', '<!-- <Op/> --><Op/>', `<!-- <Op/> --><Op>${credentials()}</Op>`],
  ['behind an instruction', '<?x <Op/> ?><Op/>', `<?x <Op/> ?><Op>${credentials()}</Op>`],
  ['with CDATA', '<Op><![CDATA[<Op/>]]></Op>', `<Op>${credentials()}<![CDATA[<Op/>]]></Op>`],
  ['before another', '<Op/><Op/>', `<Op>${credentials()}</Op><Op/>`],
  ['that holds one of its name', '<Op><Op/></Op>', `<Op>${credentials()}<Op/></Op>`],
  ['behind letters of two units', '<!--😀é--><Op/>', `<!--😀é--><Op>${credentials()}</Op>`],
  ['behind other line ends', '\r\n\r<Op/>', `\r\n\r<Op>${credentials()}</Op>`],
]

test.each(operations)(
  'credentials become the first child of an operation %s',
  (_, given, wanted) => {
    expect(signed(envelope(given))).toBe(envelope(wanted))
  },
)

/** It knows "zoë" with `p&<ä`, and reads the envelope by namespaces. */
function judge({ body }: Received): boolean {
  const texts: Record<string, string> = {}
  let path: string[] = []
  const parser = new SaxesParser({ xmlns: true })
  parser.on('opentag', ({ uri, local }) => path.push(`${uri} ${local}`))
  parser.on('text', (text) => {
    texts[path.slice(2).join('/')] = text
  })
  parser.on('closetag', () => {
    path = path.slice(0, -1)
  })
  parser.write(body).close()
  const inCredentials = (name: string) => texts[`urn:x Op/urn:x credentials/urn:x ${name}`]
  return inCredentials('User') === 'zoë' && inCredentials('Password') === 'p&<ä'
}

const authentication = { ...scheme, fields: [...scheme.fields] }
const post = { method: 'POST', body: envelope('<Op xmlns="urn:x"><a/></Op>') }
const right = { user: 'zoë', password: 'p&<ä' }

test('a vendor refuses wrong credentials, and a body that someone changed on the way', async () => {
  await using vendor = await openVendor(judge)
  expect(await vendor.call(authentication, { ...right, password: 'p&<a' }, post)).toBe(401)
  expect(await vendor.call(authentication, {}, post)).toBe(401)
  const tamper = <T>(one: T) => ({ ...one, body: post.body })
  expect(await vendor.call(authentication, right, { ...post, tamper })).toBe(401)
})

test('a vendor knows the right credentials, with and without prefixes', async () => {
  await using vendor = await openVendor(judge)
  expect(await vendor.call(authentication, right, post)).toBe(200)
  const body = envelope('<m:Op xmlns:m="urn:x"/>')
  expect(await vendor.call(authentication, right, { method: 'POST', body })).toBe(200)
})

test('a header before the body, and a body inside it, are passed over', () => {
  const header = '<soap:Header><soap:Body><Op/></soap:Body><CompanyId/></soap:Header>'
  const body = (operation: string) =>
    `\ufeff<?xml version="1.0"?><!DOCTYPE x []>\n<soap:Envelope ${soap11}>${header}<soap:Body>${operation}</soap:Body></soap:Envelope>`
  expect(signed(body('<Op/>'))).toBe(body(`<Op>${credentials()}</Op>`))
})

test('an envelope may go without prefixes, as in SOAP 1.2', () => {
  const body = (operation: string) =>
    `<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"><Body>${operation}</Body></Envelope>`
  expect(signed(body('<x:Op xmlns:x="urn:x"/>'))).toBe(
    body(`<x:Op xmlns:x="urn:x">${credentials('x:')}</x:Op>`),
  )
})

test('whatever the credentials are, the vendor reads the same ones and nothing more', () => {
  fc.assert(
    fc.property(anyText, anyText, (user, password) => {
      let body: string
      try {
        const given = new Map([
          ['user', user],
          ['password', password],
        ])
        body = signed(envelope('<Op/>'), given)
      } catch (error) {
        expect(error).toBeInstanceOf(RenderError)
        return
      }
      const names: string[] = []
      const texts: Record<string, string> = {}
      const parser = new SaxesParser()
      parser.on('opentag', ({ name }) => names.push(name))
      parser.on('text', (text) => {
        texts[names.at(-1)!] = text
      })
      parser.write(body).close()
      const operation = ['soap:Envelope', 'soap:Body', 'Op', 'credentials', 'User', 'Password']
      expect(names).toEqual(operation)
      expect([texts.User ?? '', texts.Password ?? '']).toEqual([user, password])
    }),
  )
})
