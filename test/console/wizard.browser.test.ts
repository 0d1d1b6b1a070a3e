import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seriousFaults } from '../support/axe.ts'
import { signIn, startVisitor } from '../support/chromium.ts'
import { call } from '../support/client.ts'
import { api2, startWorld, type World } from '../support/world.ts'

let world: World

beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })

test('a wrong password is refused with its details, corrected in place, and connected', async () => {
  await using visitor = await startVisitor()
  const { page, complaints } = visitor
  await signIn(page, world)
  await page.getByRole('link', { name: 'Add an instance' }).first().click()
  await page.getByLabel('Search').fill('connectwise')
  await page.getByRole('link', { name: 'Connect ConnectWise', exact: true }).click()
  await page.getByLabel('Name').fill('Acme help desk')
  expect(await seriousFaults(page)).toEqual([])
  await button(page, 'Next').click()
  await page.getByRole('heading', { level: 2, name: 'Details' }).waitFor()
  expect(await seriousFaults(page)).toEqual([])
  await button(page, 'Next').click()
  await page.getByRole('heading', { level: 2, name: 'Credentials' }).waitFor()
  await page.getByLabel('Company').fill('company_f')
  await page.getByLabel('Server URL').fill(`http://127.0.0.1:${world.sandbox.port}`)
  await page.getByLabel('Integrator username').fill(api2.id)
  const password = page.locator('input[type=password]')
  await password.fill('not the password')
  expect(await seriousFaults(page)).toEqual([])
  await button(page, 'Create').click()

  const notice = page.getByRole('alert')
  await notice.getByRole('button', { name: 'View details' }).click()
  await notice.getByRole('tab', { name: 'Request' }).click()
  await notice.getByText(/^POST http/).waitFor()
  expect(await notice.innerText()).not.toContain('not the password')
  await notice.getByRole('tab', { name: 'Response' }).click()
  await notice.getByText(/^Status \d+\./).waitFor()
  expect(await seriousFaults(page)).toEqual([])
  expect((await call(world, 'GET', '/instances')).body).toEqual([])

  await button(page, 'Back').click()
  await button(page, 'Next').click()
  expect(await page.getByLabel('Company').inputValue()).toBe('company_f')
  await password.fill(api2.password)
  await button(page, 'Test').click()
  await page.getByRole('status').filter({ hasText: 'The vendor accepts it' }).waitFor()
  expect((await call(world, 'GET', '/instances')).body).toEqual([])
  await button(page, 'Create').click()
  await page.waitForURL(/\/console\/instances\/\d+/)
  await page.getByRole('heading', { level: 1, name: 'Acme help desk' }).waitFor()
  expect((await call(world, 'GET', '/instances')).body).toEqual([
    expect.objectContaining({ name: 'Acme help desk' }),
  ])
  expect(await seriousFaults(page)).toEqual([])
  expect(complaints).toEqual([])
})
