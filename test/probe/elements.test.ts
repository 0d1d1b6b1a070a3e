import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Scalar } from '../../src/definition/configuration.ts'
import { type Element, parseElement } from '../../src/definition/element.ts'
import type { Behaviour } from '../../src/sandbox/behaviour.ts'
import { longSecret, readDefinition, startVendor, type Vendor } from './vendor.ts'

let vendor: Vendor
beforeAll(async () => {
  vendor = await startVendor()
})
afterEach(() => vendor.sandbox.reset())
afterAll(() => vendor[Symbol.asyncDispose]())

/** What a rule is for, what makes it hold, and which of the element's rules it is. */
interface Case {
  name: string
  rule: number
  given?: Record<string, Scalar>
  behaviour?: Behaviour
}

/** The same element, whose rules say which one they are. */
function numbered(element: Element): Element {
  const [probe] = element.probes!
  const rules = probe!.rules.map((rule, at) => ({ ...rule, message: `rule ${at}` }))
  return parseElement({ ...element, probes: [{ ...probe, rules }] }, element.key)
}

const says = (status: number, body: string, type = 'text/xml'): Behaviour => ({
  behaviour: 'status',
  status,
  headers: { 'Content-Type': type },
  body,
})
const fault = (text: string) =>
  `<s:Envelope><s:Body><s:Fault><faultstring>${text}</faultstring></s:Fault></s:Body></s:Envelope>`

const soapCases: Case[] = [
  { name: 'a wrong password', rule: 0, given: { password: 'wrong' } },
  { name: 'an unknown user', rule: 0, given: { username: 'nobody' } },
  { name: 'another company', rule: 1, given: { company: 'company_g' } },
  { name: 'a codebase that is not served', rule: 2, given: { 'wsdl.path': '/v2099_1/apis/2.0/' } },
  {
    name: 'an action of another version',
    rule: 3,
    behaviour: says(500, fault('Server did not recognize the value of HTTP Header SOAPAction: x.')),
  },
  { name: 'a path where nothing is', rule: 4, given: { 'wsdl.path': '/elsewhere/' } },
  { name: 'a method that is not allowed', rule: 4, behaviour: says(405, '') },
  { name: 'a login page', rule: 5, behaviour: 'html' },
  { name: 'a login page that refuses', rule: 5, behaviour: { behaviour: 'html', status: 400 } },
  {
    name: 'a login page that wants credentials',
    rule: 5,
    behaviour: { behaviour: 'html', status: 401 },
  },
  { name: 'a gateway that wants credentials', rule: 6, behaviour: says(401, 'Sign in first.') },
  { name: 'a gateway that forbids', rule: 6, behaviour: says(403, '') },
  { name: 'a login page elsewhere', rule: 5, behaviour: says(302, '<html></html>', 'text/html') },
  {
    name: 'a login without rights',
    rule: 7,
    given: { username: 'api3', password: 'without-any-right' },
  },
  { name: 'a login that is right', rule: 8 },
  { name: 'an answer with forbidden characters', rule: 8, behaviour: 'controlCharacters' },
  { name: 'an answer that is no UTF-8', rule: 8, behaviour: 'invalidUtf8' },
]

const restCases: Case[] = [
  { name: 'another company', rule: 0, given: { company: 'company_g' } },
  {
    name: 'a host that is not the one of the API',
    rule: 1,
    behaviour: says(403, '{"code":"Security","message":"SSL is required.","errors":null}'),
  },
  { name: 'a wrong key', rule: 2, given: { 'private.key': 'wrong' } },
  { name: 'a client id that is none', rule: 2, given: { 'connectwise.clientID': 'none' } },
  {
    name: 'a key without rights',
    rule: 3,
    given: { 'public.key': 'sandbox-limited', 'private.key': 'sandbox-limited' },
  },
  { name: 'a path too deep', rule: 4, given: { 'base.url': '/v4_6_release/apis/3.0/system' } },
  { name: 'keys that are right', rule: 5 },
  { name: 'a codebase in the address', rule: 5, given: { 'base.url': '/v2015_3/apis/3.0/' } },
  { name: 'something else that answers', rule: 6, given: { 'base.url': '/login/companyinfo' } },
  { name: 'a login page', rule: 6, behaviour: 'html' },
]

const withPrefix = (prefix: string, given: Record<string, Scalar>) =>
  Object.fromEntries(Object.entries(given).map(([key, value]) => [prefix + key, value]))

const soapConfiguration =
  (prefix: string) =>
  (given: Record<string, Scalar> = {}) =>
    withPrefix(prefix, {
      'server.url': vendor.sandbox.url,
      company: 'company_f',
      username: 'api2',
      password: longSecret,
      ...given,
    })

const restConfiguration = (given: Record<string, Scalar> = {}) => ({
  company: 'company_f',
  'public.key': 'sandbox-public',
  'private.key': 'sandbox-private',
  'connectwise.clientID': '00000000-0000-0000-0000-000000000000',
  ...given,
  'base.url': vendor.sandbox.url + (given['base.url'] ?? ''),
})

const elements = [
  ['connectwisehd', soapConfiguration('helpdesk.connectwise.'), soapCases],
  ['connectwisecrm', soapConfiguration('crm.connectwise.'), soapCases],
  ['connectwisecrmrest', restConfiguration, restCases],
] as const

describe.each(elements)('%s', (key, configuration, cases) => {
  const element = readDefinition(key)

  test.each(cases)('meets $name with its rule $rule', async ({ rule, given, behaviour }) => {
    if (behaviour) vendor.sandbox.behave(behaviour)
    const result = await vendor.probe(numbered(element), configuration(given))
    expect(result.message).toBe(`rule ${rule}`)
    expect(result.verdict).toBe(element.probes![0]!.rules[rule]!.verdict)
  })

  test('has no rule that nothing meets', () => {
    const met = new Set(cases.map(({ rule }) => rule))
    expect([...met].sort()).toEqual([...element.probes![0]!.rules.keys()])
  })

  test('says what to do whatever it concludes', () => {
    for (const { verdict, message } of element.probes![0]!.rules) {
      if (verdict !== 'verified') expect(message).toMatch(/^[A-Z].*\.$/s)
    }
  })

  test.each([
    ['throttle', 'throttled'],
    ['drop', 'unreachable'],
    ['truncated', 'unreachable'],
    ['garbage', 'unexpected'],
    ['flood', 'unexpected'],
    ['bomb', 'unexpected'],
    ['redirect', 'misdirected'],
    [says(503, 'Down for maintenance', 'text/plain'), 'unexpected'],
    [says(500, '<html><body>Error</body></html>', 'text/html'), 'unexpected'],
    [says(502, ''), 'unexpected'],
  ] as [Behaviour, string][])('leaves %j to the general rules: %s', async (behaviour, verdict) => {
    vendor.sandbox.behave(behaviour)
    expect((await vendor.probe(element, configuration())).verdict).toBe(verdict)
  })
})

test.each(['invalidXml', 'deepXml', 'entityXml'] as const)(
  'XML that is not as promised (%s) proves nothing',
  async (behaviour) => {
    vendor.sandbox.behave(behaviour)
    const given = soapConfiguration('helpdesk.connectwise.')()
    const { verdict } = await vendor.probe(readDefinition('connectwisehd'), given)
    expect(verdict).toBe('unexpected')
  },
)

test("the vendor's own words come with its refusal", async () => {
  const given = soapConfiguration('helpdesk.connectwise.')({ password: 'wrong' })
  const { providerMessage } = await vendor.probe(readDefinition('connectwisehd'), given)
  expect(providerMessage).toBe(
    'Server was unable to process request. ---> Exception has been thrown by the target of an invocation. ---> Username or password is incorrect',
  )
})

test('the helpdesk spelling of crm entries reaches the same vendor', async () => {
  const given = soapConfiguration('helpdesk.connectwise.')()
  const { verdict } = await vendor.probe(readDefinition('connectwisecrm'), given)
  expect(verdict).toBe('verified')
})
