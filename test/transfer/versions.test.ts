import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startOperatedWorld } from '../operator/operator.ts'
import { startWebServer, type WebServer } from '../support/web-server.ts'
import type { World } from '../support/world.ts'
import { gatedElement, startVendor, type Vendor } from './scene.ts'
import { exportFrom, importInto, newKey, provision } from './worlds.ts'

let elsewhere: WebServer
let vendor: Vendor
let source: World
let target: World
beforeAll(async () => {
  elsewhere = await startWebServer(() => ({ status: 200, body: {} }))
  vendor = await startVendor()
  const [password, url] = gatedElement.entries
  const [probe] = gatedElement.probes
  const changes = {
    described: { description: 'Another one.' },
    asking: {
      entries: [password, url, { key: 'region', name: 'Region', type: 'text', required: true }],
    },
    straying: { probes: [{ ...probe, base: elsewhere.url }] },
    certified: {
      entries: [{ key: 'secret', name: 'Secret', type: 'certificate', required: true }, url],
      authentications: [{ type: 'certificate', name: 'Certificate', certificate: 'secret' }],
    },
  }
  const elements = (changed: boolean) =>
    Object.entries(changes).map(([key, change], at) => ({
      ...gatedElement,
      ...(changed && change),
      key,
      id: 9820 + at,
    }))
  const allow = ['127.0.0.1']
  source = await startOperatedWorld({ allow, definitions: elements(false) })
  target = await startOperatedWorld({ allow, definitions: elements(true) })
})
afterAll(async () => {
  await source[Symbol.asyncDispose]()
  await target[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
  await elsewhere[Symbol.asyncDispose]()
})

/** What becomes of an instance of that element. */
async function move(key: string, query = '') {
  const configuration = { secret: 'a-secret-of-ours', url: vendor.url }
  const { id } = await provision(source, { element: { key }, configuration })
  const { publicKey } = await newKey(target)
  const { lines } = await exportFrom(source, { publicKey, ids: [id] })
  const asked = vendor.received.length
  const { results } = await importInto(target, lines, query)
  return { result: results[0]!, asked: vendor.received.length - asked }
}

describe('where the element has another version', () => {
  test('an instance that fits it is taken, and it is said', async () => {
    const { result, asked } = await move('described')
    expect(result).toMatchObject({ status: 200, warnings: [{ key: 'element' }] })
    expect(asked).toBe(1)
  })

  test('what an instance lacks is named, and nothing is sent', async () => {
    const { result, asked } = await move('asking')
    expect(result).toMatchObject({
      status: 400,
      error: { code: 'configuration-incomplete', missing: [{ key: 'region', name: 'Region' }] },
    })
    expect(asked).toBe(0)
  })

  test.each([['?verify=true'], ['?verify=false']])(
    'that would send secrets elsewhere, they go nowhere and are not stored (%s)',
    async (query) => {
      const stored = "select owner from secrets where owner like 'instance/%'"
      const { rows: before } = await target.context.db.pool.query(stored)
      const { result, asked } = await move('straying', query)
      expect(result).toMatchObject({
        status: 422,
        error: { code: 'secrets-required', missing: [{ key: 'secret' }] },
      })
      expect(result.error.message).toContain(elsewhere.url)
      expect([asked, elsewhere.received]).toEqual([0, []])
      expect((await target.context.db.pool.query(stored)).rows).toEqual(before)
    },
  )

  test('that knows a certificate where a password was, what was sealed is not shown', async () => {
    const { result } = await move('certified')
    expect(result).toMatchObject({ status: 422, error: { code: 'import-altered' } })
    const told = [JSON.stringify(result), ...target.log].join('\n')
    expect(told).not.toContain('a-secret-of')
  })
})
