import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runElementsCommand } from '../../src/elements/check-command.ts'
import { run } from '../support/service.ts'

const catalogue = new URL('../../src/elements/definitions/', import.meta.url)

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-definitions-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function check(...args: string[]) {
  const printed: string[] = []
  const complaints: string[] = []
  const code = await runElementsCommand(['check', ...args], {
    print: (line) => printed.push(line),
    complain: (line) => complaints.push(line),
  })
  return { code, printed, complaints }
}

/** What is said of a definition of the catalogue that was changed. */
async function complaintsOf(key: string, change: (definition: string) => string, file = key) {
  const own = mkdtempSync(join(folder, 'own-'))
  const definition = readFileSync(new URL(`${key}.json`, catalogue), 'utf8')
  const changed = change(definition)
  expect(changed === definition && file === key).toBe(false)
  writeFileSync(join(own, `${file}.json`), changed)
  const { code, printed, complaints } = await check(own)
  expect({ code, printed }).toEqual({ code: 1, printed: [] })
  return complaints
}

test('a wrong call is told how to call it', async () => {
  const { code, complaint, out } = await run('src/elements/check-command.ts', {}).ended
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(complaint).toContain('npm run elements -- check')
})

test('a file that is no definition is named with all that is wrong in it', async () => {
  const own = mkdtempSync(join(folder, 'broken-'))
  writeFileSync(join(own, 'comma.json'), '{ "format": 1, }')
  writeFileSync(join(own, 'empty.json'), '{}')
  const { code, complaints } = await check(own)
  expect(code).toBe(1)
  expect(complaints.some((line) => line.startsWith('comma.json: '))).toBe(true)
  expect(complaints.filter((line) => line.startsWith('empty.json: ')).length).toBeGreaterThan(0)
})

test('a file has the name of its key, and an id of its own', async () => {
  expect(await complaintsOf('asana', (same) => same, 'another')).toContain(
    'another.json/key: is "asana", not the name of the file',
  )
  const own = mkdtempSync(join(folder, 'twins-'))
  for (const key of ['asana', 'notion']) {
    const definition = JSON.parse(readFileSync(new URL(`${key}.json`, catalogue), 'utf8'))
    writeFileSync(join(own, `${key}.json`), JSON.stringify({ ...definition, id: 120 }))
  }
  expect((await check(own)).complaints).toEqual(['notion.json/id: 120 is that of asana already'])
})

test('every entry says where a person finds it', async () => {
  const complaints = await complaintsOf('notion', (definition) =>
    definition.replace(/"help": "[^"]*"/, '"help": "Secret"'),
  )
  expect(complaints).toEqual(['notion.json: {secret} has no sentence of help'])
})

test.each([
  ['asana', '"path": "users/me"', '"path": "user"', 'the document has no GET user'],
  ['asana', '"method": "GET"', '"method": "HEAD"', 'the document has no HEAD users/me'],
  ['asana', '"status": 200', '"status": 201', 'answers no 201'],
  ['adyen', 'X-API-Key', 'X-Key', 'takes http basic, apiKey header X-API-Key, not apiKey'],
  ['plaid', '"client_id"', '"clientId"', 'not body'],
  ['zuora', '"client_secret"', '"clientSecret"', 'has no field clientSecret'],
])('%s must agree with the document of the vendor: %s', async (key, from, to, said) => {
  const complaints = await complaintsOf(key, (definition) => definition.replace(from, to))
  const [first = ''] = complaints
  expect(first).toContain(`${key}.json, by the vendor's OpenAPI document: `)
  expect(complaints.join('\n')).toContain(said)
})

test('lists what the catalogue has, how it authenticates, and what it was checked against', async () => {
  const { code, out, complaint } = await run(
    'src/elements/check-command.ts',
    {},
    { args: ['check'] },
  ).ended
  expect({ code, complaint }).toEqual({ code: 0, complaint: '' })
  const [head = '', ...rows] = out.trimEnd().split('\n')
  expect(head).toMatch(/^KEY +NAME +AUTHENTICATION +PROBE +CHECKED AGAINST$/)
  const cells = rows.map((row) => row.split(/ {2,}/))
  expect(cells.every((row) => row.length === 5)).toBe(true)
  expect(cells.length).toBeGreaterThanOrEqual(43)
  expect(cells.find(([key]) => key === 'adyen')).toEqual([
    'adyen',
    'Adyen',
    'apiKey, basic',
    'GET https://management-{environment}.adyen.com/v3/me',
    'https://raw.githubusercontent.com/Adyen/adyen-openapi/main/json/ManagementService-v3.json',
  ])
})

test('no frozen fact is about an element that is not there', async () => {
  const facts = new URL('checked/openapi-facts.json', import.meta.url)
  const { documents } = JSON.parse(readFileSync(facts, 'utf8'))
  const listed = (await check()).printed.map((line) => line.split(' ', 1)[0])
  expect(Object.keys(documents).filter((key) => !listed.includes(key))).toEqual([])
})
