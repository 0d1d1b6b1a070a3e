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
    definitions: [consentElement(9875, 'consented')],
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

test('where the browser opens no window, the consent is given in the same tab, and the wizard goes on', async () => {
  await using visitor = await startVisitor()
  const { page, complaints } = visitor
  await page.addInitScript('window.open = () => null')
  await signIn(page, world)
  await beginWizard(page, 'consented', 'In one tab')
  await step(page, 'Credentials')
  await page.getByLabel('Server').fill(server.url)
  await page.getByLabel('Client id').fill('app-pkce')
  await page.getByLabel('secret', { exact: true }).fill(clientSecret)
  await button(page, 'Go to Tokens and create').click()
  await button(page, 'Go there in this tab').waitFor()
  expect(await seriousFaults(page)).toEqual([])

  await page.getByRole('link', { name: 'Marketplace' }).click()
  await page.getByRole('dialog', { name: 'Leave what you typed?' }).waitFor()
  await button(page, 'Stay here').click()

  await button(page, 'Go there in this tab').click()
  await page.getByText('login').waitFor()
  expect(await page.evaluate(() => JSON.stringify({ ...sessionStorage }))).not.toContain(
    clientSecret,
  )
  await button(page, 'Allow').click()
  await page.getByText('consent').waitFor()
  await button(page, 'Allow').click()
  await page.getByText('You are back from Tokens').waitFor()
  expect(page.url()).not.toContain('code=')
  expect(await page.getByLabel('Client id').inputValue()).toBe('app-pkce')
  expect(await seriousFaults(page)).toEqual([])
  await button(page, 'Create').click()
  await page.waitForURL(/\/console\/instances\/\d+/)
  expect((await call(world, 'GET', '/instances')).body).toEqual([
    expect.objectContaining({ name: 'In one tab', state: 'verified' }),
  ])

  await page.getByRole('tab', { name: 'Authentication' }).click()
  await button(page, 'Go to Tokens and reconnect').click()
  await button(page, 'Go there in this tab').click()
  await button(page, 'Allow').click()
  await page.getByText('You are back from Tokens').waitFor()
  expect(page.url()).toMatch(/\/console\/instances\/\d+\?tab=authentication$/)
  expect(await seriousFaults(page)).toEqual([])
  await button(page, 'Reconnect').click()
  await page.getByText('The vendor accepts it, and it is stored').waitFor()
  await page.getByText('You are back from Tokens').waitFor({ state: 'detached' })
  expect(complaints).toEqual([])
})
