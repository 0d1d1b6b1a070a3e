import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seriousFaults } from '../support/axe.ts'
import { signIn, startVisitor } from '../support/chromium.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World

beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

test('every page of the navigation is there while nothing is: accessible, without a complaint of the browser', async () => {
  await using visitor = await startVisitor()
  const { page, complaints } = visitor
  await page.goto(`${world.url}/console/sign-in`)
  await page.getByRole('heading', { level: 1 }).waitFor()
  const faults: Record<string, string[]> = { 'Sign in': await seriousFaults(page) }
  await signIn(page, world)
  const links = page.getByRole('navigation', { name: 'Pages' }).getByRole('link')
  await links.filter({ hasText: 'Webhooks' }).waitFor()
  const names = (await links.allInnerTexts()).map((name) => name.trim())
  expect(names).toContain('Connection pools')
  const heading = async () => (await page.getByRole('heading', { level: 1 }).allInnerTexts()).join()
  for (const name of names) {
    const before = await heading()
    await links.filter({ hasText: name }).click()
    const hasCome = async () => {
      const now = await heading()
      return now !== '' && (name === names[0] || now !== before)
    }
    await expect.poll(hasCome, { timeout: 60_000 }).toBe(true)
    await page.getByRole('status', { name: /^Loading/ }).waitFor({ state: 'hidden' })
    faults[name] = await seriousFaults(page)
  }
  expect(faults).toEqual(Object.fromEntries(['Sign in', ...names].map((name) => [name, []])))
  expect(complaints).toEqual([])
})

test('sign-in and first page load less than 250 kB of scripts', async () => {
  await using visitor = await startVisitor()
  const scripts = new Map<string, number>()
  const reading: Promise<unknown>[] = []
  visitor.page.on('response', (response) => {
    if (response.request().resourceType() !== 'script') return
    reading.push(
      response.body().then((body) => scripts.set(response.url(), gzipSync(body).byteLength)),
    )
  })
  await signIn(visitor.page, world)
  await visitor.page.waitForLoadState('networkidle')
  await Promise.all(reading)
  expect(scripts.size).toBeGreaterThan(0)
  expect([...scripts.values()].reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(250_000)
})
