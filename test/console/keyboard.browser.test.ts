import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startVisitor } from '../support/chromium.ts'
import { call } from '../support/client.ts'
import { api2, startWorld, type World } from '../support/world.ts'
import { tabTo } from './keyboard.ts'

let world: World

beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

/** What has the focus, as a screen reader tells it. */
const told = (page: Page) => page.locator(':focus').ariaSnapshot()

async function press(page: Page, role: 'button' | 'link' | 'tab', name: string) {
  await tabTo(page, role, name)
  await page.keyboard.press(role === 'tab' ? 'ArrowRight' : 'Enter')
}

/** An option of the list whose field has the focus. */
async function choose(page: Page, name: string) {
  const reached = page.locator('[role=option][data-combobox-selected]', { hasText: name })
  await expect
    .poll(async () => {
      await page.keyboard.press('ArrowDown')
      return reached.count()
    })
    .toBe(1)
  await page.keyboard.press('Enter')
}

async function type(page: Page, name: string, text: string) {
  await tabTo(page, 'textbox', name)
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type(text)
}

test('an element is connected, refused and corrected by the keyboard alone', async () => {
  await using visitor = await startVisitor()
  const { page, complaints } = visitor
  const { keyboard } = page
  const [, user, organization] = /^User (\S+), Organization (\S+)$/.exec(world.authorization)!
  await page.goto(`${world.url}/console/sign-in?next=%2Fnew%2Fconnectwisehd`)
  await page.getByRole('heading', { level: 1 }).waitFor()
  await press(page, 'tab', 'E-mail and password')
  await type(page, 'User secret', user!)
  await type(page, 'Organization secret', organization!)
  await keyboard.press('Enter')

  await page.getByRole('heading', { level: 2, name: 'Name' }).waitFor()
  await expect.poll(() => told(page)).toMatch(/textbox "Name"|heading "Name"/)
  if (!(await told(page)).includes('textbox')) await tabTo(page, 'textbox', 'Name')
  await keyboard.type('Acme help desk')
  await keyboard.press('Enter')

  await expect.poll(() => told(page)).toBe('- heading "Details" [level=2]')
  await tabTo(page, 'combobox', 'Time zone')
  await keyboard.press('ControlOrMeta+a')
  await keyboard.type('Paris')
  await choose(page, 'Europe/Paris')
  await tabTo(page, 'combobox', 'Date format')
  await press(page, 'button', 'Add a limit')
  await tabTo(page, 'textbox', 'Calls')
  await keyboard.press('ArrowUp')
  await tabTo(page, 'combobox', 'Unit')
  await choose(page, 'minute')
  await press(page, 'button', 'Next')

  await expect.poll(() => told(page)).toBe('- heading "Credentials" [level=2]')
  await type(page, 'Company', 'company_f')
  await type(page, 'Server URL', world.sandbox.url)
  await type(page, 'Integrator username', api2.id)
  await type(page, 'Integrator password', 'not the password')
  await keyboard.press('Enter')

  await expect.poll(() => told(page)).toMatch(/^- alert "[^"]+"/)
  expect(await told(page)).toContain('button "View details"')
  await press(page, 'button', 'View details')
  await press(page, 'tab', 'Response')
  await page.getByRole('tabpanel', { name: 'Request' }).waitFor()
  await tabTo(page, 'textbox', 'Integrator password')
  await keyboard.press('ControlOrMeta+a')
  await keyboard.type(api2.password)
  await press(page, 'button', 'Test')
  await page.getByRole('status').filter({ hasText: 'The vendor accepts it' }).waitFor()
  await press(page, 'button', 'Create')
  await page.waitForURL(/\/console\/instances\/\d+/)
  expect((await call(world, 'GET', '/instances')).body).toEqual([
    expect.objectContaining({
      name: 'Acme help desk',
      settings: expect.objectContaining({
        timeZone: 'Europe/Paris',
        rateLimits: [{ amount: 11, unit: 'minute' }],
      }),
    }),
  ])
  expect(complaints).toEqual([])
})

test('a screen reader is told the name, the help and the fault of each field, and every refusal', async () => {
  await using visitor = await startVisitor()
  const { page } = visitor
  await page.goto(`${world.url}/console/sign-in`)
  await page.getByRole('tab', { name: 'The two secrets' }).click()
  const [, user, organization] = /^User (\S+), Organization (\S+)$/.exec(world.authorization)!
  await page.getByLabel('User secret').fill(user!)
  await page.getByLabel('Organization secret').fill(organization!)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL('**/console/instances')
  await page.goto(`${world.url}/console/new/connectwisehd`)
  await page.getByLabel('Name').fill('Told')
  await page.getByRole('button', { name: 'Next' }).click()
  await page.getByRole('heading', { level: 2, name: 'Details' }).waitFor()
  await page.getByRole('button', { name: 'Next' }).click()
  await page.getByRole('heading', { level: 2, name: 'Credentials' }).waitFor()
  const fields = page.locator('form').locator('input:not([type=hidden]), textarea')
  for (const field of await fields.all()) {
    if (!(await field.isVisible())) continue
    expect(await field.ariaSnapshot()).toMatch(/^- (textbox|combobox|checkbox|radio) "[^"]+"/)
  }
  const company = page.getByRole('textbox', { name: 'Company' })
  expect(await describedBy(page, 'Company')).toContain('company id')

  await page.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('alert').first().waitFor()
  await expect.poll(() => company.getAttribute('aria-invalid')).toBe('true')
  expect(await company.getAttribute('aria-required')).toBe('true')
  for (const name of ['Company', 'Integrator password']) {
    expect(await describedBy(page, name), name).toContain('This is required')
  }
})

/** What is read after a field's name. */
async function describedBy(page: Page, name: string): Promise<string> {
  const ids = await page.getByRole('textbox', { name }).getAttribute('aria-describedby')
  const parts = ids?.split(' ').map((id) => page.locator(`[id="${id}"]`).allTextContents())
  return (await Promise.all(parts ?? [])).flat().join(' ')
}
