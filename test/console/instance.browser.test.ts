import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seriousFaults } from '../support/axe.ts'
import { signIn, startVisitor } from '../support/chromium.ts'
import { call, helpDesk } from '../support/client.ts'
import { api2, startWorld, type World } from '../support/world.ts'
import { provision } from '../webhooks/scene.ts'
import { button, openDetails, tabOf } from './steps.ts'

let world: World

beforeAll(async () => {
  world = await startWorld({ jobs: true })
})
afterAll(() => world[Symbol.asyncDispose]())

const read = async (id: number) => (await call(world, 'GET', `/instances/${id}`)).body
const speaks = async (token: string) =>
  (
    await call(world, 'GET', '/instances', {
      authorization: `${world.authorization}, Element ${token}`,
    })
  ).status

async function open(page: Page, id: number, tab?: string) {
  await page.goto(`${world.url}/console/instances/${id}${tab ? `?tab=${tab}` : ''}`)
  await page.getByRole('heading', { level: 1 }).waitFor()
}

test('the token is copied, and replaced by another while the old one goes on', async () => {
  await using visitor = await startVisitor()
  const { page, complaints } = visitor
  const { id, token } = await provision(world, { name: 'Its token' })
  await signIn(page, world)
  await open(page, id, 'token')
  const copied = async () => {
    await button(page, 'Copy').click()
    await button(page, 'Copied').waitFor()
    return String(await page.evaluate('navigator.clipboard.readText()'))
  }
  expect(await copied()).toBe(token)
  await button(page, 'Replace the token').click()
  await page.getByRole('status').filter({ hasText: 'There is a new token' }).waitFor()
  await page.getByRole('table', { name: 'Tokens before it that still work' }).waitFor()
  await page.getByText(token).waitFor({ state: 'detached' })
  const next = await copied()
  expect(next).toMatch(/^lki_/)
  expect(next).not.toBe(token)
  expect(await read(id)).toMatchObject({ token: next })
  expect([await speaks(token), await speaks(next)]).toEqual([200, 200])
  expect(await seriousFaults(page)).toEqual([])

  await button(page, 'End the old tokens').click()
  const asked = page.getByRole('dialog')
  await asked.getByText('is refused at once').waitFor()
  await button(asked, 'Keep it').click()
  await asked.waitFor({ state: 'hidden' })
  expect(await speaks(token)).toBe(200)
  await button(page, 'End the old tokens').click()
  await button(asked, 'End').click()
  await asked.waitFor({ state: 'hidden' })
  expect([await speaks(token), await speaks(next)]).toEqual([401, 200])
  expect(complaints).toEqual([])
})

test('several are tested at once: how far it is, and which of them the vendor refuses', async () => {
  await using visitor = await startVisitor()
  const { page, complaints } = visitor
  const { id } = await provision(world, { name: 'Good' })
  const password = { 'helpdesk.connectwise.password': 'not the password' }
  const bad = await call(world, 'POST', '/instances', {
    body: { ...helpDesk(world, password), name: 'Bad', verify: false },
  })
  await signIn(page, world)
  for (const name of ['Good', 'Bad']) {
    await page.getByRole('checkbox', { name: `Select ${name}`, exact: true }).check()
  }
  await page.getByText('2 selected').waitFor()
  await button(page, 'Test selected').click()
  await page.getByText('2 of 2 tried').waitFor()
  await page.getByRole('link', { name: `Instance ${bad.body.id}` }).waitFor()
  expect(await page.getByRole('link', { name: `Instance ${id}`, exact: true }).count()).toBe(0)
  expect(await seriousFaults(page)).toEqual([])
  expect(complaints).toEqual([])
})

test('an instance is disabled, which is seen at once, and enabled again', async () => {
  await using visitor = await startVisitor()
  const { page, complaints } = visitor
  const { id } = await provision(world, { name: 'On and off', tags: [] })
  await signIn(page, world)
  await open(page, id)
  await button(page, 'Disable').click()
  await page.getByText('Calls through it are refused').waitFor()
  expect(await button(page, 'Test now').isDisabled()).toBe(true)
  expect(await read(id)).toMatchObject({ disabled: true })
  expect(await page.getByRole('main').getByText('disabled', { exact: true }).count()).toBe(2)
  expect(await seriousFaults(page)).toEqual([])
  await button(page, 'Enable').click()
  await button(page, 'Disable').waitFor()
  expect(await read(id)).toMatchObject({ disabled: false })
  expect(await page.getByText('disabled', { exact: true }).count()).toBe(0)
  expect(complaints).toEqual([])
})

test('credentials are changed in place: refused ones change nothing, and kept secrets need not be typed', async () => {
  await using visitor = await startVisitor()
  const { page, complaints } = visitor
  const { id, token } = await provision(world, { name: 'Reconnected' })
  await signIn(page, world)
  await open(page, id, 'authentication')
  const password = page.getByRole('textbox', { name: 'Integrator password' })
  await password.waitFor()
  expect(await password.inputValue()).toBe('')
  expect(await page.getByLabel('Integrator username').inputValue()).toBe('api1')
  await page.getByLabel('Integrator username').fill(api2.id)
  await password.fill('not the password')
  await button(page, 'Check and store').click()
  const notice = await openDetails(page)
  expect(await tabOf(notice, 'Request')).not.toContain('not the password')
  expect(await tabOf(notice, 'Response')).toContain('Status')
  expect(await seriousFaults(page)).toEqual([])
  expect((await read(id)).configuration['helpdesk.connectwise.username']).toBe('api1')
  await password.fill(api2.password)
  await button(page, 'Check and store').click()
  await page.getByText('The vendor accepts it, and it is stored').waitFor()
  expect(await read(id)).toMatchObject({ id, token, state: 'verified' })
  expect((await read(id)).configuration['helpdesk.connectwise.username']).toBe(api2.id)

  // The secret is kept, so that it need not be typed for another change.
  await page.getByLabel('Company').fill('company_f')
  await button(page, 'Check and store').click()
  await expect.poll(() => page.getByRole('alert').count()).toBeGreaterThan(0)
  expect(await page.getByText('is required').count()).toBe(0)
  expect(complaints).toEqual([])
})

test('settings are stored without asking the vendor, and one who was slower is told', async () => {
  await using visitor = await startVisitor()
  const { page } = visitor
  const { id } = await provision(world, { name: 'Before' })
  await signIn(page, world)
  await open(page, id, 'settings')
  await page.getByLabel('Name').fill('After')
  await button(page, 'Store the settings').click()
  await page.getByRole('heading', { level: 1, name: 'After' }).waitFor()
  await call(world, 'PATCH', `/instances/${id}?reAuthenticate=false`, {
    body: { name: 'Somebody faster' },
  })
  await page.getByLabel('Name').fill('Too late')
  await button(page, 'Store the settings').click()
  await page.getByRole('alert').filter({ hasText: 'It was changed meanwhile' }).waitFor()
  expect(await seriousFaults(page)).toEqual([])
  await button(page, 'Load it as it is now').click()
  await expect.poll(() => page.getByLabel('Name').inputValue()).toBe('Somebody faster')
})

test('deleting wants a word, is refused while the instance is used, and says by whom', async () => {
  await using visitor = await startVisitor()
  const { page, complaints } = visitor
  const { id } = await provision(world, { name: 'Used' })
  const flow = `/instances/${id}/references/flow%207`
  const url = 'https://app.example.com/flows/7'
  await call(world, 'PUT', flow, { body: { url, description: 'Orders to the ERP' } })
  await signIn(page, world)
  await open(page, id)
  await page.getByRole('link', { name: 'flow 7' }).waitFor()
  expect(await seriousFaults(page)).toEqual([])
  await page.getByRole('tab', { name: 'Delete' }).click()
  await button(page, 'Delete Used').click()
  const dialog = page.getByRole('dialog')
  const confirm = button(dialog, 'Delete')
  for (const typed of ['', 'Confirm', 'confir']) {
    await dialog.getByLabel('Type confirm to delete it').fill(typed)
    expect(await confirm.isDisabled(), typed).toBe(true)
  }
  await dialog.getByLabel('Type confirm to delete it').fill('confirm')
  await confirm.click()
  await dialog
    .getByRole('list', { name: 'Used by' })
    .getByText('flow 7: Orders to the ERP')
    .waitFor()
  expect(await dialog.innerText()).toMatch(/Request id [0-9a-f]{24}/)
  expect(await seriousFaults(page)).toEqual([])
  expect((await read(id)).id).toBe(id)

  await call(world, 'DELETE', flow)
  await confirm.click()
  await page.waitForURL('**/console/instances')
  await page.getByText('Used is deleted').waitFor()
  expect((await call(world, 'GET', `/instances/${id}`)).status).toBe(404)
  expect(complaints).toEqual([])
})

test('what is not there, or another organization’s, says so and what to do', async () => {
  await using visitor = await startVisitor()
  const { page } = visitor
  const other = await world.addOrganization()
  const body = helpDesk(world)
  const foreign = await call(world, 'POST', '/instances', { ...other, body })
  await signIn(page, world)
  for (const id of [999_999_999, foreign.body.id]) {
    await page.goto(`${world.url}/console/instances/${id}`)
    const alert = page.getByRole('alert')
    await alert.waitFor()
    expect(await alert.innerText()).toMatch(/Request id [0-9a-f]{24}/)
    expect(await seriousFaults(page)).toEqual([])
  }
  await page.goto(`${world.url}/console/no-such-page`)
  await page.getByRole('heading', { level: 1, name: 'There is no such page' }).waitFor()
  expect(await seriousFaults(page)).toEqual([])
})
