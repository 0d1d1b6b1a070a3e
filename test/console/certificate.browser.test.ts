import type { TLSSocket } from 'node:tls'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Listener, listenTls } from '../egress/listener.ts'
import { createAuthority } from '../support/authority.ts'
import { seriousFaults } from '../support/axe.ts'
import { signIn, startVisitor } from '../support/chromium.ts'
import { call } from '../support/client.ts'
import { mutualElement } from '../support/elements.ts'
import { pkcs12Of } from '../support/pkcs12.ts'
import { startWorld, type World } from '../support/world.ts'
import { beginWizard, button, openDetails, step, tabOf } from './steps.ts'

const authority = createAuthority()
const passphrase = 'pässphrase-0815'
const good = pkcs12Of(authority.issue({ names: ['acme.example'], clientAuth: true }), passphrase)
const stranger = createAuthority().issue({ names: ['other.example'], clientAuth: true })
const foreign = pkcs12Of(stranger, passphrase)

let world: World
let vendor: Listener
/** Whom the vendor let in. */
const seen: string[] = []

beforeAll(async () => {
  const server = authority.issue({ names: ['127.0.0.1'] })
  vendor = await listenTls(
    { ...server, ca: authority.caPem, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      seen.push(String((request.socket as TLSSocket).getPeerCertificate().subject.CN))
      response.end()
    },
  )
  world = await startWorld({
    definitions: [mutualElement],
    allow: ['127.0.0.1'],
    egress: { ca: authority.caPem },
  })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

/** As a file that is dragged from a folder into the page. */
async function drop(page: Page, name: string, bytes: Buffer) {
  const dataTransfer = await page.evaluateHandle(`(() => {
    const bytes = Uint8Array.fromBase64('${bytes.toString('base64')}')
    const carried = new DataTransfer()
    carried.items.add(new File([bytes], '${name}', { type: 'application/x-pkcs12' }))
    return carried
  })()`)
  await page.getByLabel('Certificate: drop a file').dispatchEvent('drop', { dataTransfer })
  await page.getByText(name).waitFor()
}

async function store(page: Page, phrase: string) {
  await page.getByRole('textbox', { name: 'Passphrase' }).fill(phrase)
  await button(page, 'Store the certificate').click()
}

test('a p12 file is dropped, opened, described, and presented to a vendor that demands it', async () => {
  await using visitor = await startVisitor()
  const { page, complaints } = visitor
  await signIn(page, world)
  await beginWizard(page, 'mutual', 'By certificate')
  await step(page, 'Credentials')
  await page.getByLabel('Server').fill(vendor.origin)

  await drop(page, 'foreign.p12', foreign)
  await store(page, 'not the passphrase')
  const refusal = page.getByRole('alert').filter({ hasText: 'passphrase' })
  await refusal.waitFor()
  expect(await refusal.innerText()).toContain('Request id')
  expect(await seriousFaults(page)).toEqual([])
  expect((await call(world, 'GET', '/certificates')).body).toEqual([])
  await store(page, passphrase)
  await page.getByText(/^CN=other\.example, .*expires in \d+ days$/).waitFor()

  await button(page, 'Create').click()
  const notice = await openDetails(page)
  expect(await notice.innerText()).toContain('It wants another certificate.')
  expect(await tabOf(notice, 'Request')).toContain(`GET ${vendor.origin}/me`)
  expect(await tabOf(notice, 'Response')).toMatch(/After \d+ ms\./)
  expect(seen).toEqual([])

  const chosen = page.getByRole('combobox', { name: 'Certificate: one that is stored' })
  await button(page, 'Take another').click()
  await drop(page, 'acme.p12', good)
  await store(page, passphrase)
  await page.getByText(/^CN=acme\.example, .*expires in \d+ days$/).waitFor()
  expect(await chosen.inputValue()).toBe('acme.p12 (CN=acme.example)')
  expect(await seriousFaults(page)).toEqual([])
  await button(page, 'Create').click()
  await page.waitForURL(/\/console\/instances\/\d+/)
  expect(seen).toEqual(['acme.example'])
  expect(await page.content()).not.toContain(passphrase)
  expect(complaints).toEqual([])
})

test('a file that is no certificate is refused in words, and so is one that is far too large', async () => {
  await using visitor = await startVisitor()
  const { page } = visitor
  await signIn(page, world)
  await page.goto(`${world.url}/console/certificates`)
  await button(page, 'Add a certificate').click()
  const input = page.locator('input[type=file]')
  const file = { name: 'holiday.p12', mimeType: 'image/jpeg', buffer: Buffer.from('no such thing') }
  await input.setInputFiles(file)
  await page.getByText('holiday.p12').waitFor()
  await page.getByLabel('Where it may be presented').fill(vendor.origin)
  await button(page.getByRole('dialog'), 'Store').click()
  await page.getByRole('alert').filter({ hasText: 'Request id' }).waitFor()
  await input.setInputFiles({ ...file, name: 'large.p12', buffer: Buffer.alloc(300_000) })
  await page
    .getByText(/256 KiB/)
    .first()
    .waitFor()
  expect(await page.getByText('large.p12').count()).toBe(0)
})
