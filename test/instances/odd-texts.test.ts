import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, countStored, helpDesk } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

const create = (changes: object, configuration = {}) =>
  call(world, 'POST', '/instances', { body: { ...helpDesk(world, configuration), ...changes } })

test.each([
  ['body-invalid', 'name', { name: 'a\0b' }],
  ['body-invalid', 'name', { name: '\ud800' }],
  ['body-invalid', 'tags.1', { tags: ['fine', 'a\0b'] }],
  ['body-invalid', 'externalId', { externalId: '\udfff' }],
  ['settings-invalid', 'settings.dateFormat', { settings: { dateFormat: "yyyy'\0'" } }],
])('text that no database keeps is refused (%s: %s)', async (code, key, changes) => {
  const before = await countStored(world)
  const { status, body } = await create(changes)
  expect({ status, code: body.code, keys: body.invalid.map(named) }).toEqual({
    status: 400,
    code,
    keys: [key],
  })
  expect(await countStored(world)).toEqual(before)
})

test.each([
  { 'member\0': 1 },
  { 'member\ud800': 1 },
  { settings: { colour: '\0' } },
  { settings: { rateLimits: [{ amount: 1, unit: 'day', note: '\0' }] } },
  { providerData: { code: '\0' } },
])('text that no database keeps does no harm where nobody asks for it: %j', async (changes) => {
  expect((await create(changes)).status).toBe(200)
})

test.each(['entry\0', 'entry\ud800', '__proto', 'constructor'])(
  'a key of the configuration may be anything: %j',
  async (key) => {
    const { status, body } = await create({}, { [key]: 'x' })
    expect([status, body.warnings.length]).toEqual([200, 1])
  },
)

test('a setting that is none is told and left out', async () => {
  const { body } = await create({ settings: { timeZone: 'UTC', colour: 'red' } })
  expect(body.settings).toEqual({ timeZone: 'UTC' })
  expect(body.warnings.map(named)).toEqual(['settings.colour'])
})

test('the longest secret that is taken does not come back in what the vendor says', async () => {
  const password = `${'Secret <&> '.repeat(1489)}12345`
  expect(password).toHaveLength(16_384)
  world.sandbox.behave({ behaviour: 'status', status: 500, body: `No: ${password}!` }, 1)
  const { status, body } = await create({}, { 'helpdesk.connectwise.password': password })
  expect([status, body.code]).toEqual([502, 'vendor-unexpected'])
  expect(body.probe.response.status).toBe(500)
  expect(JSON.stringify(body.probe.response)).not.toContain('Secret')
})

function named({ key }: { key: string }) {
  return key
}
