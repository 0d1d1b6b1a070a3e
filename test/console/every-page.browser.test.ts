import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seriousFaults } from '../support/axe.ts'
import { signIn, startVisitor } from '../support/chromium.ts'
import { until } from '../support/until.ts'
import { type Furnished, furnish } from './furnished.ts'
import { type Place, placesOf } from './places.ts'
import { button } from './steps.ts'

const folder = fileURLToPath(new URL('../../web/screenshots/latest/', import.meta.url))
let furnished: Furnished

beforeAll(async () => {
  await mkdir(folder, { recursive: true })
  furnished = await furnish()
})
afterAll(() => furnished[Symbol.asyncDispose]())

const desk = { width: 1280, height: 900 }
const phone = { width: 390, height: 844 }

test.concurrent.each([
  ['light', desk],
  ['dark', desk],
  ['light', phone],
  ['dark', phone],
] as const)(
  'every page with something on it is accessible, fits and draws no complaint: %s, %o',
  async (scheme, viewport) => {
    await using visitor = await startVisitor(scheme, viewport)
    const { page, complaints } = visitor
    const found: Record<string, string[]> = {}
    const look = async (name: string) => {
      found[name] = [...(await seriousFaults(page)), ...(await tooWide(page))]
      await writeFile(`${folder}${name}-${scheme}-${viewport.width}.webp`, await pictureOf(page))
    }
    await page.goto(`${furnished.world.url}/console/sign-in`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await look('sign-in')
    await signIn(page, furnished.world)
    for (const place of placesOf(furnished)) {
      await goTo(page, place)
      await look(place.name)
    }
    await page.goto(await furnished.invite())
    await page.getByLabel(/Company/).waitFor()
    await look('connect')
    await page.getByLabel(/Company/).fill('company_f')
    await page.getByLabel(/Server URL/).fill('http://127.0.0.1:9')
    await page.getByLabel(/Integrator username/).fill('acme')
    await page.getByRole('textbox', { name: /Integrator password/ }).fill('not the password')
    await button(page, 'Connect').click()
    await page
      .getByText(/refuses connections/)
      .first()
      .waitFor()
    await look('connect-refused')
    expect(Object.entries(found).filter(([, faults]) => faults.length > 0)).toEqual([])
    expect(complaints).toEqual([])
  },
)

async function goTo(page: Page, { path, ready, act }: Place) {
  // What the mouse is over would be told in a box above the rest.
  await page.mouse.move(0, 0)
  if (path) await page.evaluate(`history.pushState({}, '', '/console${path}')`)
  if (ready) await page.getByText(ready).filter({ visible: true }).first().waitFor()
  const loading = page.getByRole('status', { name: /^Loading/ })
  await until(async () => (await loading.count()) === 0)
  await act?.(page)
}

/** As small as pictures of a page are. */
async function pictureOf(page: Page): Promise<Buffer> {
  const browser = await page.context().newCDPSession(page)
  const { data } = await browser.send('Page.captureScreenshot', { format: 'webp', quality: 80 })
  await browser.detach()
  return Buffer.from(data, 'base64')
}

/** A page that is scrolled sideways is hard to read (WCAG 2.2, 1.4.10); tables scroll by themselves. */
async function tooWide(page: Page): Promise<string[]> {
  const [width, shown] = (await page.evaluate(
    '[document.documentElement.scrollWidth, innerWidth]',
  )) as [number, number]
  const cut = await page
    .locator('[role=alert], [role=dialog], main')
    .evaluateAll('(parts) => parts.filter((one) => one.scrollWidth > one.clientWidth).length')
  return [
    ...(width > shown ? [`${width} wide where ${shown} are shown`] : []),
    ...(cut ? [`${cut} notices, windows or contents that are cut off`] : []),
  ]
}
