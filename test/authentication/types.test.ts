import { Check } from 'typebox/value'
import { expect, test } from 'vitest'
import {
  type Authentication,
  authenticationSchema,
  typeOf,
} from '../../src/authentication/authentication.ts'
import type { VendorRequest } from '../../src/exchange/request.ts'
import { openVendor } from './vendor.ts'

const name = 'For people'
const login = { username: '{user}', password: '{secret}' }

/** One of each type, with everything that may stay out of the body. */
const samples: { [Type in Authentication['type']]: Extract<Authentication, { type: Type }> } = {
  none: { type: 'none', name },
  basic: { type: 'basic', name, ...login },
  digest: { type: 'digest', name, ...login },
  apiKey: { type: 'apiKey', name, in: 'query', parameter: 'key', value: '{secret}' },
  bearer: { type: 'bearer', name, token: '{secret}' },
  headers: { type: 'headers', name, headers: { 'x-user': '{user}', 'x-key': 'v1:{secret}' } },
  body: { type: 'body', name, fields: { key: '{secret}' } },
  hmac: {
    type: 'hmac',
    name,
    algorithm: 'sha256',
    secret: '{secret}',
    message: '{request.url}',
    encoding: 'hex',
    headers: { 'x-signature': '{signature}' },
  },
  awsSignature4: {
    type: 'awsSignature4',
    name,
    accessKeyId: '{user}',
    secretAccessKey: '{secret}',
    region: 'eu-west-1',
    service: 'sqs',
  },
  jwt: { type: 'jwt', name, algorithm: 'HS256', signingKey: '{secret}', claims: { sub: '{user}' } },
  soap: {
    type: 'soap',
    name,
    element: 'credentials',
    fields: [{ name: 'Key', value: '{secret}' }],
  },
  usernameToken: { type: 'usernameToken', name, ...login, passwordType: 'PasswordDigest' },
  session: {
    type: 'session',
    name,
    login: { method: 'POST', path: 'login', rules: [] },
    headers: { authorization: 'Token {secret}' },
  },
  oauth1: {
    type: 'oauth1',
    name,
    in: 'query',
    consumerKey: '{user}',
    consumerSecret: '{secret}',
    token: '{secret}',
    tokenSecret: '{secret}',
  },
  oauth2: {
    type: 'oauth2',
    name,
    grant: 'clientCredentials',
    tokenUrl: 'https://vendor.example/token',
    clientId: '{user}',
    clientAuthentication: 'post',
    clientSecret: '{secret}',
    headers: { authorization: 'Token {secret}' },
  },
  certificate: { type: 'certificate', name, certificate: '{secret}' },
}
const all: Authentication[] = Object.values(samples)

const values = new Map([
  ['user', 'api-user'],
  ['secret', 'Sup3r-secret'],
])
const stars = new Map([...values, ['secret', '********']])
const envelope =
  '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><Op/></s:Body></s:Envelope>'

/** Such as the type wants it. */
function requestFor({ type }: Authentication): VendorRequest {
  const isSoap = type === 'soap' || type === 'usernameToken'
  const headers = { 'content-type': isSoap ? 'text/xml' : 'application/json' }
  const body = isSoap ? envelope : '{"a":1}'
  return { method: 'POST', url: 'https://vendor.example/api?a=b', headers, body }
}

const show = (authentication: Authentication) => {
  const type = typeOf(authentication)
  return (type.mask ?? type.sign)(requestFor(authentication), authentication, stars)
}

test('every type that a definition may name is there, and has a sample here', () => {
  const named = authenticationSchema.anyOf.map(({ properties }) => properties.type.const)
  expect(named.sort()).toEqual(Object.keys(samples).sort())
})

test.each(all)('$type has all that makes a type, and takes its sample', (authentication) => {
  expect(typeOf(authentication)).toMatchObject({
    schema: expect.any(Object),
    seesBody: expect.any(Function),
    sign: expect.any(Function),
  })
  expect(Check(authenticationSchema, authentication)).toBe(true)
  expect(Check(authenticationSchema, { ...authentication, other: 1 })).toBe(false)
})

test.each(all)('$type leaves what it was given as it was', async (authentication) => {
  const request = requestFor(authentication)
  const before = structuredClone(request)
  await typeOf(authentication).sign(request, authentication, values)
  expect(request).toEqual(before)
})

const blind = all.filter((one) => !typeOf(one).seesBody(one))

test.each(blind)('$type needs no body, and leaves it as it is', async (authentication) => {
  const request = requestFor(authentication)
  const { sign } = typeOf(authentication)
  for (const body of [request.body, undefined]) {
    expect((await sign({ ...request, body }, authentication, values)).body).toBe(body)
  }
})

test('only what changes or covers the body has to see it', () => {
  const seeing = all.filter((one) => typeOf(one).seesBody(one)).map(({ type }) => type)
  expect(seeing).toEqual(['body', 'awsSignature4', 'soap', 'usernameToken', 'oauth1'])
})

test.each(all)('$type shows no secret in any form, and nothing made of one', (authentication) => {
  const shown = JSON.stringify(show(authentication))
  if (!['none', 'certificate'].includes(authentication.type)) {
    expect(shown).toMatch(
      new RegExp(`\\*{8}|${Buffer.from('api-user:********').toString('base64')}`),
    )
  }
  const secret = Buffer.from('Sup3r-secret')
  for (const form of ['utf8', 'base64', 'hex'] as const) {
    expect(shown).not.toContain(secret.toString(form).replace(/=+$/, ''))
  }
  expect(show(authentication)).not.toBeInstanceOf(Promise)
})

test('nothing is sent for a vendor who asks for nothing', async () => {
  await using vendor = await openVendor(() => true)
  const call = { method: 'POST', target: '/a?b=c', headers: { accept: 'text/plain' }, body: 'x' }
  expect(await vendor.call(samples.none, { secret: 'x' }, call)).toBe(200)
  const { target, headers, body } = vendor.received[0]!
  expect([target, body]).toEqual(['/a?b=c', 'x'])
  expect(Object.keys(headers).sort()).toEqual(
    ['accept', 'accept-encoding', 'connection', 'content-length', 'host'].sort(),
  )
})
