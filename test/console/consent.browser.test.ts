import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seriousFaults } from '../support/axe.ts'
import { signIn, startVisitor } from '../support/chromium.ts'
import { call } from '../support/client.ts'
import { consentElement } from '../support/consent-elements.ts'
import { type OAuthServer, startOAuthServer } from '../support/oauth-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { beginWizard, button, step } from './steps.ts'

const clientSecret = 'client-secret-of-the-app-and-long-enough'
let world: World
let server: OAuthServer

beforeAll(async () => {
  world = await startWorld({
    definitions: [consentElement(9871, 'consented')],
    allow: ['127.0.0.1'],
  })
  server = await startOAuthServer([
    {
      client_id: 'app-pkce',
      client_secret: clientSecret,
      redirect_uris: [`${world.url}/console/consent`],
      grant_types: ['authorization_code', 'refresh_token'],
    },
  ])
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const listed = async () => (await call(world, 'GET', '/instances')).body

/** The vendor's window, which opens with the click. */
async function leave(page: Page, to = 'create'): Promise<Page> {
  const opened = page.waitForEvent('popup')
  await button(page, `Go to Tokens and ${to}`).click()
  return opened
}

async function consentIn(popup: Page) {
  await popup.getByText('consent').waitFor()
  await Promise.all([popup.waitForEvent('close'), button(popup, 'Allow').click()])
}

test('a consent is given in a window of the vendor, after it was refused, and closed', async () => {
  await using visitor = await startVisitor()
  const { page, complaints } = visitor
  await signIn(page, world)
  await beginWizard(page, 'consented', 'By consent')
  await step(page, 'Credentials')
  await page.getByLabel('Server').fill(server.url)
  await page.getByLabel('Client id').fill('app-pkce')
  await page.getByLabel('secret', { exact: true }).fill(clientSecret)
  expect(await seriousFaults(page)).toEqual([])

  const refused = await leave(page)
  await Promise.all([refused.waitForEvent('close'), button(refused, 'Refuse').click()])
  const notice = page.getByRole('alert').filter({ hasText: 'Request id' })
  await notice.waitFor()
  expect(await notice.innerText()).toMatch(/consent|refus/i)
  expect(await seriousFaults(page)).toEqual([])
  expect(await listed()).toEqual([])

  const closed = await leave(page)
  await button(closed, 'Allow').waitFor()
  await closed.close()
  await page.getByRole('alert').filter({ hasText: 'was closed' }).waitFor()
  expect(await page.getByLabel('Client id').inputValue()).toBe('app-pkce')
  expect(await listed()).toEqual([])

  const granted = await leave(page)
  await granted.getByText('login').waitFor()
  await button(granted, 'Allow').click()
  await consentIn(granted)
  await page.waitForURL(/\/console\/instances\/\d+/)
  expect(await listed()).toEqual([
    expect.objectContaining({ name: 'By consent', state: 'verified' }),
  ])
  expect(server.granted).toBe(1)

  const [{ id }] = await listed()

  await page.getByRole('tab', { name: 'Authentication' }).click()
  await consentIn(await leave(page, 'reconnect'))
  await page.getByText('The vendor accepts it, and it is stored').waitFor()
  expect(await listed()).toEqual([expect.objectContaining({ id, state: 'verified' })])
  expect(server.granted).toBe(2)
  expect(complaints).toEqual([])
})

test('a client that the vendor does not know is told in words, and the window closes', async () => {
  await using visitor = await startVisitor()
  const { page } = visitor
  await signIn(page, world)
  await beginWizard(page, 'consented', 'Nobody')
  await page.getByLabel('Server').fill('http://10.0.0.1:1')
  const popup = await leave(page)
  await page.getByRole('alert').first().waitFor()
  await expect.poll(() => popup.isClosed()).toBe(true)
})
