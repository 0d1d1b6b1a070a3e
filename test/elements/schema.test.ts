import { readdir, readFile } from 'node:fs/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { tickets } from './tickets.ts'

const read = async (path: string) =>
  JSON.parse(await readFile(new URL(`../../${path}`, import.meta.url), 'utf8'))

test('the committed JSON Schema takes every definition of the catalogue and what authors write', async () => {
  const check = new Ajv2020({ strict: false }).compile(await read('openapi/element.schema.json'))
  const folder = 'src/elements/definitions'
  const files = await readdir(new URL(`../../${folder}`, import.meta.url))
  expect(files.length).toBeGreaterThan(2)
  for (const file of files) {
    const definition = await read(`${folder}/${file}`)
    expect([file, check(definition), check.errors]).toEqual([file, true, null])
    expect(definition.$schema).toBe('../../../openapi/element.schema.json')
  }
  expect(check(tickets('https://tickets.example.com'))).toBe(true)
  expect(check({ ...tickets('https://tickets.example.com'), id: 10_000 })).toBe(false)
  expect(check({ ...tickets('https://tickets.example.com'), entries: [{ key: 'x' }] })).toBe(false)
  expect(check({ ...tickets('https://tickets.example.com'), surprise: 1 })).toBe(false)
})
