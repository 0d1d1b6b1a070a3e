import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { showRequest, showResponse } from '../../src/probe/exchange.ts'
import { createScrub } from '../../src/probe/scrub.ts'
import type { Behaviour } from '../../src/sandbox/behaviour.ts'
import { element } from '../definition/definition.ts'
import { forms } from './secret-forms.ts'
import { longSecret, readDefinition, startVendor, type Vendor } from './vendor.ts'

const scrub = createScrub([longSecret])
const stars = '********'
const shown = (headers: Record<string, string | string[]>, body = '') =>
  showResponse({ status: 200, headers }, body, scrub)!

describe('of a response', () => {
  test.each([
    'set-cookie',
    'authorization',
    'proxy-authorization',
    'x-api-key',
    'x-amz-security-token',
    'cookie',
    'link',
    'etag',
    '__proto__',
  ])('the header %s is never shown', (name) => {
    const headers = JSON.parse(`{${JSON.stringify(name)}: "value"}`)
    expect(shown(headers).headers).toEqual({})
  })

  test('the headers that are shown are scrubbed, and cut', () => {
    const { headers } = shown({
      location: `https://other.example/?password=${encodeURIComponent(longSecret)}`,
      'www-authenticate': ['Basic realm="a"', `Bearer ${longSecret}`],
      server: 'x'.repeat(5000),
      date: 'Wed, 01 Jul 2026 12:00:00 GMT',
    })
    expect(headers).toEqual({
      location: `https://other.example/?password=${stars}`,
      'www-authenticate': `Basic realm="a",Bearer ${stars}`,
      server: 'x'.repeat(1024),
      date: 'Wed, 01 Jul 2026 12:00:00 GMT',
    })
  })

  test('nothing but the status is shown where a secret is too short to be found', () => {
    const answer = { status: 500, headers: { server: 'abc' } }
    expect(showResponse(answer, 'abc', createScrub(['abc']))).toEqual({
      status: 500,
      headers: {},
      body: null,
    })
  })

  test('the body is cut to 16 KiB, and only after it was scrubbed', () => {
    const body = `${'x'.repeat(16 * 1024 - 10)}${longSecret}`
    expect(shown({}, body).body).toBe(`${'x'.repeat(16 * 1024 - 10)}${stars}`)
    expect(shown({}, 'y'.repeat(100_000)).body).toHaveLength(16 * 1024)
  })
})

describe('of a request', () => {
  const request = { method: 'GET', url: 'https://host/', body: undefined }

  test.each([
    ['Basic dTpw', 'Basic ********'],
    ['Bearer a b c', 'Bearer ********'],
    ['hunter2hunter2', '********'],
  ])('no credentials are shown: %j reads %j', (authorization, masked) => {
    expect(showRequest({ ...request, headers: { authorization } })).toEqual({
      ...request,
      headers: { authorization: masked },
      body: null,
    })
  })
})

describe('an exchange with a vendor', () => {
  let vendor: Vendor
  beforeAll(async () => {
    vendor = await startVendor()
  })
  afterEach(() => vendor.sandbox.reset())
  afterAll(() => vendor[Symbol.asyncDispose]())

  const helpDesk = readDefinition('connectwisehd')
  const configuration = (password: string) => ({
    'helpdesk.connectwise.username': 'api9',
    'helpdesk.connectwise.password': password,
    'helpdesk.connectwise.server.url': vendor.sandbox.url,
    'helpdesk.connectwise.company': 'company_f',
  })
  const answer = (body: string, headers = {}): Behaviour => ({
    behaviour: 'status',
    status: 500,
    headers: { 'Content-Type': 'text/xml', ...headers },
    body,
  })
  const fault = (text: string) =>
    `<e:Envelope><e:Body><e:Fault><faultstring>${text}</faultstring></e:Fault></e:Body></e:Envelope>`

  test.each(Object.entries(forms))(
    'shows no secret that the vendor echoes (%s)',
    async (_, form) => {
      const echo = form(longSecret)
      const headers = { Server: encodeURI(echo), 'Set-Cookie': 'a=b' }
      vendor.sandbox.behave(answer(fault(`<![CDATA[No ${echo}!]]>`), headers))
      const result = await vendor.probe(helpDesk, configuration(longSecret))
      expect(result.providerMessage).toMatch(/^No \*{8}(=|%3D)*!$/)
      const { response, request } = result.exchange()
      expect(response?.body).toMatch(/CDATA\[No \*{8}(=|%3D)*!\]/)
      expect(response?.headers).not.toHaveProperty('set-cookie')
      expect(JSON.stringify({ response, request })).not.toContain(echo)
      expect(request.body).toContain(`<IntegratorPassword>${stars}</IntegratorPassword>`)
      expect(vendor.sandbox.requests.at(-1)!.body).toContain('long-and-unique-secret')
    },
  )

  test("leaves body and the vendor's words out where a secret is too short", async () => {
    vendor.sandbox.behave(answer(fault('No abc!')))
    const { providerMessage, exchange } = await vendor.probe(helpDesk, configuration('abc'))
    expect(providerMessage).toBeUndefined()
    expect(exchange().response).toEqual({ status: 500, headers: {}, body: null })
  })

  test("cuts the vendor's words only after they were scrubbed", async () => {
    vendor.sandbox.behave(answer(fault(`${'x'.repeat(985)}unique-secret-in-here, and on`)))
    const { providerMessage } = await vendor.probe(helpDesk, configuration('unique-secret-in-here'))
    expect(providerMessage).toBe(`${'x'.repeat(985)}${stars}`)
  })

  test('names no secret that a redirect leads to', async () => {
    const location = 'https://unique-secret-in-here.example/?unique-secret-in-here'
    vendor.sandbox.behave({ behaviour: 'redirect', location })
    const result = await vendor.probe(helpDesk, configuration('unique-secret-in-here'))
    expect(JSON.stringify([result, result.exchange()])).not.toContain('unique-secret')
  })

  test('of a request that never got an answer says so', async () => {
    vendor.sandbox.behave('drop')
    const { verdict, exchange } = await vendor.probe(helpDesk, configuration(longSecret))
    expect(verdict).toBe('unreachable')
    expect(exchange()).toMatchObject({
      verdict,
      response: null,
      failure: { kind: 'reset', message: expect.stringContaining('127.0.0.1') },
    })
  })

  test('shows a Basic header as its scheme alone, and masks secrets in path and query', async () => {
    const probe = {
      method: 'POST',
      path: 'me/{pass.word}',
      query: { key: '{pass.word}', user: '{user.name}' },
      headers: { 'X-Key': '{pass.word}' },
      body: { json: { secret: ['{pass.word}'] } },
      rules: [{ when: { status: 204 }, verdict: 'verified' }],
    }
    const given = { 'server.url': vendor.sandbox.url, 'user.name': 'me', 'pass.word': 'secret/é' }
    const { exchange } = await vendor.probe(element({ probes: [probe] }), given)
    const { headers, url, body } = exchange().request
    expect(url).toBe(`${vendor.sandbox.url}/v1/me/${stars}?key=${stars}&user=me`)
    expect(headers).toMatchObject({ authorization: `Basic ${stars}`, 'x-key': stars })
    expect(body).toBe(`{"secret":["${stars}"]}`)
  })
})
