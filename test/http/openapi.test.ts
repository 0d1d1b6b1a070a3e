import { readFile } from 'node:fs/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'

interface Response {
  description: string
  content?: Record<string, { schema: unknown }>
}

interface Operation {
  operationId: string
  summary: string
  security?: object[]
  responses: Record<string, Response>
}

interface Document {
  openapi: string
  servers: { url: string }[]
  security: object[]
  components: { schemas: Record<string, { examples?: unknown[] }>; securitySchemes: object }
  paths: Record<string, Record<string, Operation>>
}

const committed = new URL('../../openapi/openapi.json', import.meta.url)

let world: World
let document: Document
let operations: Operation[]

beforeAll(async () => {
  world = await startWorld()
  document = (await call(world, 'GET', '/openapi.json', { authorization: null })).body
  operations = Object.values(document.paths).flatMap((path) => Object.values(path))
})

afterAll(async () => {
  await world?.[Symbol.asyncDispose]()
})

test('the committed document is the one that the service answers', async () => {
  expect(document).toEqual(JSON.parse(await readFile(committed, 'utf8')))
})

test('a public URL stands before both prefixes', async () => {
  await using reached = await startWorld({
    env: { LATCHKEY_PUBLIC_URL: 'https://latchkey.example.com/' },
  })
  const { body } = await call(reached, 'GET', '/openapi.json', { authorization: null })
  expect(body.servers.map((server: { url: string }) => server.url)).toEqual([
    'https://latchkey.example.com',
    'https://latchkey.example.com/elements/api-v2',
  ])
})

test('every operation has a name of its own, a summary, and a refusal for what may go wrong', () => {
  expect(operations.length).toBeGreaterThan(3)
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
  for (const { operationId, summary, responses } of operations) {
    expect(summary, operationId).toMatch(/^[A-Z]/)
    expect(Object.keys(responses), operationId).toEqual(expect.arrayContaining(['200', '500']))
  }
})

test('every response says what it means, and every refusal is a Problem', () => {
  for (const { operationId, responses } of operations) {
    for (const [status, { description, content }] of Object.entries(responses)) {
      expect(description, `${operationId} ${status}`).not.toBe('Default Response')
      if (Number(status) < 400) continue
      expect(content, `${operationId} ${status}`).toEqual({
        'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
      })
    }
  }
})

test('only health, signing in and links are open, and schemes are those of the Authorization header', () => {
  expect(document.components.securitySchemes).toEqual({
    access: expect.objectContaining({ type: 'apiKey', in: 'header', name: 'Authorization' }),
    page: expect.objectContaining({ type: 'http', scheme: 'connect' }),
  })
  expect(document.security).toEqual([{ access: [] }])
  const signIn = operations.find(({ operationId }) => operationId === 'signIn')
  expect(signIn?.security).toEqual([{}, { access: [] }])
  const open = operations.filter(({ security }) => security?.length === 0)
  expect(open.map(({ operationId }) => operationId)).toEqual([
    'getLive',
    'getReady',
    'getMetrics',
    'openConnectLink',
  ])
})

test('every example is what its schema says', () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false })
  ajv.addSchema(document, 'document')
  const names = Object.keys(document.components.schemas)
  const exemplified = names.filter((name) => document.components.schemas[name]?.examples)
  expect(exemplified).toEqual(expect.arrayContaining(['Problem', 'Exchange', 'Instance']))
  for (const name of exemplified) {
    const validate = ajv.compile({ $ref: `document#/components/schemas/${name}` })
    for (const example of document.components.schemas[name]?.examples ?? []) {
      expect(validate(example), `${name}: ${ajv.errorsText(validate.errors)}`).toBe(true)
    }
  }
})

test('an answered instance and a refusal are what the document says, with nothing beside it', async () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false })
  ajv.addSchema(document, 'document')
  const configuration = {
    'helpdesk.connectwise.username': 'api1',
    'helpdesk.connectwise.server.url': world.sandbox.url,
    'helpdesk.connectwise.company': 'company_f',
  }
  const provision = (password: string) =>
    call(world, 'POST', '/elements/connectwisehd/instances', {
      body: {
        name: 'Test',
        configuration: { ...configuration, 'helpdesk.connectwise.password': password },
      },
    })
  const answers = { Instance: await provision('api1'), Problem: await provision('wrong') }
  for (const [name, { body }] of Object.entries(answers)) {
    const validate = ajv.compile({
      $ref: `document#/components/schemas/${name}`,
      unevaluatedProperties: false,
    })
    validate(body)
    expect(validate.errors ?? [], JSON.stringify(body)).toEqual([])
  }
})
