import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bytesOf, fixture } from '../certificates/fixtures.ts'
import { createSession } from '../connect/customer.ts'
import { seriousFaults } from '../support/axe.ts'
import { startVisitor } from '../support/chromium.ts'
import { call } from '../support/client.ts'
import { consentElement } from '../support/consent-elements.ts'
import { type OAuthServer, startOAuthServer } from '../support/oauth-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { button } from './steps.ts'

const clientSecret = 'client-secret-of-the-app-and-long-enough'
const phone = { width: 390, height: 780 }
const appearance = { name: 'Acme', color: '#7a1fa2' }
const definition = consentElement(9873, 'consented')
let world: World
let server: OAuthServer

beforeAll(async () => {
  world = await startWorld({ definitions: [definition], allow: ['127.0.0.1'] })
  server = await startOAuthServer([
    {
      client_id: 'app-pkce',
      client_secret: clientSecret,
      redirect_uris: [`${world.url}/oauth/callback`],
      grant_types: ['authorization_code', 'refresh_token'],
    },
  ])
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

/** An app's page that frames the connect page and writes down what it is told. */
async function startApp(framed: (origin: string) => Promise<string>) {
  let source = ''
  const app = createServer((_, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(`<iframe title="Connect" src="${source}" width="380" height="700"></iframe>
      <output></output><script>addEventListener('message', ({ data, origin }) => {
        document.querySelector('output').textContent = JSON.stringify({ ...data, origin })
      })</script>`)
  })
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(app.address() as AddressInfo).port}`
  source = await framed(origin)
  return {
    origin,
    [Symbol.asyncDispose]: async () => {
      app.closeAllConnections()
      app.close()
    },
  }
}

test('a customer connects on a phone: what is missing is marked, and what was refused is kept', async () => {
  const session = await createSession(world, { element: { key: 'consented' }, appearance })
  await using visitor = await startVisitor('light', phone)
  const { page, complaints } = visitor
  await page.goto(session.url)
  await page.getByText('Acme asks you to connect').waitFor()
  expect(page.url()).not.toContain('#')
  await button(page, 'Continue to Tokens').click()
  await page.getByText('This is required').first().waitFor()
  expect(await seriousFaults(page)).toEqual([])

  await page.getByLabel('Server').fill(server.url)
  await page.getByLabel('Client id').fill('app-pkce')
  await page.getByLabel('secret', { exact: true }).fill(clientSecret)
  expect(await page.getByText('This is required').count()).toBe(0)
  const opened = page.waitForEvent('popup')
  await button(page, 'Continue to Tokens').click()
  const refused = await opened
  await button(refused, 'Refuse').click()
  await page.getByText('It is not connected yet').waitFor()
  expect(await page.getByLabel('Client id').inputValue()).toBe('app-pkce')
  expect(await seriousFaults(page)).toEqual([])
  await button(page, 'Cancel').click()
  await page.getByRole('heading', { name: 'Called off' }).waitFor()
  expect(complaints).toEqual([])
})

test('a page in a frame tells the app that framed it how it ended', async () => {
  let id = 0
  await using app = await startApp(async (allowedOrigin) => {
    const session = await createSession(world, { element: { key: 'consented' }, allowedOrigin })
    id = session.id
    return session.url
  })
  await using visitor = await startVisitor('dark')
  const { page } = visitor
  await page.goto(app.origin)
  const frame = page.frameLocator('iframe')
  await frame.getByRole('heading', { name: 'Connect Tokens' }).waitFor()
  await frame.getByRole('button', { name: 'Cancel' }).click()
  await expect
    .poll(() => page.locator('output').innerText())
    .toBe(
      JSON.stringify({
        type: 'latchkey.connect',
        session: id,
        status: 'cancelled',
        origin: new URL(world.url).origin,
      }),
    )
  expect((await call(world, 'GET', `/connect-sessions/${id}`)).body.status).toBe('cancelled')
})

test('a customer sees at once whose the certificate is, and what opens it', async () => {
  const session = await createSession(world, { element: { key: 'consented' }, appearance })
  await using visitor = await startVisitor('light', phone)
  const { page, complaints } = visitor
  await page.goto(session.url)
  const file = {
    name: 'client.p12',
    mimeType: 'application/x-pkcs12',
    buffer: bytesOf('default.p12'),
  }
  await page.locator('input[type=file]').setInputFiles(file)
  await page.locator('[aria-invalid=true]').waitFor()
  expect(await seriousFaults(page)).toEqual([])
  await page
    .getByRole('textbox', { name: 'Passphrase of Certificate' })
    .fill(fixture('default.p12').passphrase)
  await page.keyboard.press('Tab')
  await page.getByText('CN=Fixture client').waitFor()
  await page.getByText(/expires/).waitFor()
  expect(await seriousFaults(page)).toEqual([])
  expect(complaints.filter((one) => !one.includes('400'))).toEqual([])
})
