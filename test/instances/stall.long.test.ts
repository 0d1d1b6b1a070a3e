import { expect, test } from 'vitest'
import { tickets } from '../elements/tickets.ts'
import { call } from '../support/client.ts'
import { startWebServer } from '../support/web-server.ts'
import { startWorld } from '../support/world.ts'

/** Much shorter than the seconds that each of these took once. */
const patienceMs = 3000

test('a probe with a large body that is refused does not hold the service up', async () => {
  await using vendor = await startWebServer(() => ({
    status: 401,
    body: { m: 'x'.repeat(1 << 16) },
  }))
  await using world = await startWorld({ allow: ['127.0.0.1'] })
  const words = Array.from({ length: 38_000 }, (_, at) => at.toString(36).padStart(5, 'z')).join(
    ' ',
  )
  const probes = [
    {
      method: 'POST',
      path: 'me',
      body: { json: [words] },
      rules: [{ when: { status: 200 }, verdict: 'verified' }],
    },
  ]
  const made = await call(world, 'POST', '/elements', {
    body: tickets(vendor.url, { probes } as object),
  })
  expect(made.status).toBe(200)
  const began = performance.now()
  const answer = await call(world, 'POST', '/elements/acmetickets/test', {
    body: { configuration: { 'api.key': 'secret-x' } },
  })
  expect(answer.status).toBe(400)
  expect(performance.now() - began).toBeLessThan(patienceMs)
})

test('nor does one with very many words made of a secret', async () => {
  await using vendor = await startWebServer(() => ({
    status: 401,
    body: { m: 'x'.repeat(1 << 16) },
  }))
  await using world = await startWorld({ allow: ['127.0.0.1'] })
  const words = Array.from({ length: 8_000 }, (_, at) => `{api.key|sha256}${at}`)
  const probes = [
    {
      method: 'POST',
      path: 'me',
      body: { json: words },
      rules: [{ when: { status: 200 }, verdict: 'verified' }],
    },
  ]
  const made = await call(world, 'POST', '/elements', {
    body: tickets(vendor.url, { probes } as object),
  })
  expect(made.status).toBe(200)
  const began = performance.now()
  const answer = await call(world, 'POST', '/elements/acmetickets/test', {
    body: { configuration: { 'api.key': 'secret-x' } },
  })
  expect(answer.status).toBe(400)
  expect(performance.now() - began).toBeLessThan(patienceMs)
})

test('nor do patterns that repeat too much', async () => {
  await using world = await startWorld()
  const pattern = `(?:${'.{0,1000}'.repeat(45)})`
  const entries = Array.from({ length: 30 }, (_, at) => ({
    key: `p${at}`,
    name: 'P',
    type: 'text',
    pattern,
  }))
  const body = { ...tickets('https://api.example.com'), entries }
  const began = performance.now()
  const { body: checked } = await call(world, 'POST', '/elements/validate', { body })
  expect(checked.valid).toBe(false)
  expect(performance.now() - began).toBeLessThan(patienceMs)
})
