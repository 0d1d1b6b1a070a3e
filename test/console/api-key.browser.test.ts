import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StandInServer, startStandIns, towards } from '../elements/stand-ins/server.ts'
import { limited, right, wrong } from '../elements/stand-ins/stand-in.ts'
import { vendors } from '../elements/stand-ins/vendors.ts'
import { seriousFaults } from '../support/axe.ts'
import { signIn, startVisitor } from '../support/chromium.ts'
import { call } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'
import { beginWizard, button, openDetails, step, tabOf } from './steps.ts'

let world: World
let standIns: StandInServer

beforeAll(async () => {
  standIns = await startStandIns(vendors)
  world = await startWorld({ allow: ['127.0.0.1'], egress: { ca: standIns.ca } })
  world.context.egress = towards(standIns, world.context.egress)
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await standIns[Symbol.asyncDispose]()
})

const listed = async () => (await call(world, 'GET', '/instances')).body

test('an API key is refused, looked into, tried and stored; what was typed is never lost', async () => {
  await using visitor = await startVisitor()
  const { page, complaints } = visitor
  await signIn(page, world)
  await beginWizard(page, 'klaviyo', 'Klaviyo - UK')
  await step(page, 'Authentication')
  expect(await page.getByRole('radio', { name: 'Private API key' }).isChecked()).toBe(true)
  await button(page, 'Next').click()
  await step(page, 'Credentials')

  // Nothing was filled in, which is said beside the field.
  await button(page, 'Create').click()
  const key = page.getByLabel('Private API key')
  await expect.poll(() => key.getAttribute('aria-invalid')).toBe('true')
  expect(await seriousFaults(page)).toEqual([])

  await key.fill(wrong)
  await button(page, 'Create').click()
  const notice = await openDetails(page)
  expect(await notice.innerText()).toContain('Incorrect authentication credentials.')
  const request = await tabOf(notice, 'Request')
  expect(request).toContain('GET https://a.klaviyo.com/api/accounts')
  expect(request).toMatch(/authorization\s+Klaviyo-API-Key \*+/i)
  await button(notice, 'Copy as curl, without secrets').click()
  await button(notice, 'Copied').waitFor()
  const curl = String(await page.evaluate('navigator.clipboard.readText()'))
  expect(curl).toMatch(/^curl -X GET 'https:\/\/a\.klaviyo\.com\/api\/accounts'/)
  expect(curl).toMatch(/-H '[Aa]uthorization: Klaviyo-API-Key \*+'/)
  const response = await tabOf(notice, 'Response')
  expect(response).toMatch(/Status 401\. After \d+ ms\./)
  // Pretty-printed.
  expect(response).toContain('"code": "authentication_failed"')
  expect(response.split('\n').length).toBeGreaterThan(5)
  for (const text of [await notice.innerText(), request, curl]) expect(text).not.toContain(wrong)
  expect(await seriousFaults(page)).toEqual([])
  expect(await listed()).toEqual([])

  await button(page, 'Back').click()
  await step(page, 'Authentication')
  await button(page, 'Back').click()
  await button(page, 'Back').click()
  await step(page, 'Name')
  expect(await page.getByLabel('Name').inputValue()).toBe('Klaviyo - UK')
  for (const _ of ['Details', 'Authentication', 'Credentials']) await button(page, 'Next').click()
  expect(await key.inputValue()).toBe(wrong)

  await key.fill(limited)
  await button(page, 'Test').click()
  await page.getByRole('alert').filter({ hasText: 'A required scope is missing.' }).waitFor()
  await key.fill(right)
  await button(page, 'Test').click()
  await page.getByRole('status').filter({ hasText: 'The vendor accepts it' }).waitFor()
  expect(await page.getByRole('alert').filter({ hasText: 'Request id' }).count()).toBe(0)
  expect(await listed()).toEqual([])

  await button(page, 'Create').click()
  await page.waitForURL(/\/console\/instances\/\d+/)
  await page.getByRole('heading', { level: 1, name: 'Klaviyo - UK' }).waitFor()
  expect(await listed()).toEqual([
    expect.objectContaining({ name: 'Klaviyo - UK', state: 'verified' }),
  ])
  expect(complaints).toEqual([])
})

test('a draft is stored without asking the vendor, says so, and is tested from its page', async () => {
  await using visitor = await startVisitor()
  const { page } = visitor
  await signIn(page, world)
  await beginWizard(page, 'klaviyo', 'Klaviyo - draft')
  await button(page, 'Next').click()
  await page.getByLabel('Private API key').fill(right)
  standIns.takeAsked()
  await button(page, 'Save as a draft').click()
  await page.waitForURL(/\/console\/instances\/\d+/)
  await page.getByText('Klaviyo - draft is a draft').waitFor()
  expect(standIns.takeAsked()).toEqual([])
  await button(page, 'Test now').click()
  await page.getByRole('status').filter({ hasText: 'The vendor accepts it' }).waitFor()
  expect(standIns.takeAsked()).toEqual(['a.klaviyo.com'])
})
