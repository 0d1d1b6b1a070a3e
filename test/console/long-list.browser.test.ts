import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seed } from '../instances/seed.ts'
import { seriousFaults } from '../support/axe.ts'
import { signIn, startVisitor } from '../support/chromium.ts'
import { startWorld, type World } from '../support/world.ts'

const count = 5000
/** More would be drawn than anybody sees. */
const most = 60

let world: World

beforeAll(async () => {
  world = await startWorld()
  await seed(world, count, (at) => ({ name: `Instance ${at}`, tags: [`group ${at % 7}`] }))
  await world.context.db.pool.query('vacuum analyze')
})
afterAll(() => world[Symbol.asyncDispose]())

const table = (page: Page) => page.getByRole('table', { name: 'Instances' })
const drawn = (page: Page) => table(page).locator('tbody tr').count()

test('five thousand rows are scrolled through and sorted with no more than a screen of them drawn', async () => {
  await using visitor = await startVisitor()
  const { page, complaints } = visitor
  await signIn(page, world)
  await table(page).waitFor()
  const seen = [await drawn(page)]
  await table(page).hover()
  const isWhole = async () => {
    await page.mouse.wheel(0, 20_000)
    seen.push(await drawn(page))
    return (await table(page).getAttribute('aria-rowcount')) === String(count + 1)
  }
  await expect.poll(isWhole, { timeout: 150_000, interval: 20 }).toBe(true)
  await expect
    .poll(async () => {
      await page.mouse.wheel(0, 500_000)
      return table(page)
        .getByRole('link', { name: `Instance ${count - 1}`, exact: true })
        .count()
    })
    .toBe(1)
  seen.push(await drawn(page))
  expect(Math.max(...seen)).toBeLessThan(most)
  expect(seen.length).toBeGreaterThan(20)
  const last = table(page).locator('tbody tr').last()
  expect(await last.getAttribute('aria-rowindex')).toBe(String(count + 1))
  expect(await seriousFaults(page)).toEqual([])

  const name = page.getByRole('columnheader', { name: 'Name' })
  await name.getByRole('button').focus()
  await page.keyboard.press('Enter')
  expect(await name.getAttribute('aria-sort')).toBe('ascending')
  await page.keyboard.press('Enter')
  expect(await name.getAttribute('aria-sort')).toBe('descending')
  await expect
    .poll(async () => {
      await table(page).hover()
      await page.mouse.wheel(0, -500_000)
      return table(page).locator('tbody tr').first().getByRole('link').textContent()
    })
    .toBe(`Instance ${count - 1}`)

  await page.getByLabel('Search').fill('instance 4711')
  await expect.poll(() => drawn(page)).toBe(1)
  await page.getByText('1 listed').waitFor()
  expect(complaints).toEqual([])
})
