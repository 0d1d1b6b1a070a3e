import { afterAll, beforeAll, expect, test } from 'vitest'
import { definitions } from '../calls/elements.ts'
import { later, whenIn } from '../calls/scene.ts'
import { password } from '../gateway/scene.ts'
import { instanceOf, through } from '../gateway/through.ts'
import { seriousFaults } from '../support/axe.ts'
import { signIn, startVisitor } from '../support/chromium.ts'
import { startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
let vendor: WebServer
beforeAll(async () => {
  vendor = await startWebServer(() => ({ status: 201, body: { ticket: 'Printer' } }))
  world = await startWorld({ jobs: true, definitions, allow: ['127.0.0.1'] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

test('calls for later are seen with their answers and cancelled, and logged calls are read', async () => {
  const configuration = { server: vendor.url, user: 'someone', secret: password }
  const settings = { rateLimits: [{ amount: 1, unit: 'day' }] }
  const instance = await instanceOf(world, 'plain', configuration, settings)
  const first = await later(world, instance, 'POST', '/tickets')
  await whenIn(world, first.kept.id, 'done')
  const second = await later(world, instance, 'POST', '/tickets')

  await using visitor = await startVisitor()
  const { page, complaints } = visitor
  await signIn(page, world)
  await page.goto(`${world.url}/console/instances/${instance.id}?tab=calls`)
  const rowOf = (id: number) =>
    page.getByRole('table', { name: 'Calls for later' }).getByRole('row', { name: `number ${id}` })
  await rowOf(first.kept.id).getByText('201').waitFor()
  await page.getByRole('button', { name: `View details of call ${first.kept.id}` }).click()
  const window = page.getByRole('dialog', { name: `Call ${first.kept.id}` })
  await window.getByText('"ticket": "Printer"').waitFor()
  expect(await seriousFaults(page)).toEqual([])
  await page.keyboard.press('Escape')

  await page.getByRole('button', { name: `Cancel call ${second.kept.id}` }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel', exact: true }).click()
  await rowOf(second.kept.id).getByText('cancelled').waitFor()
  expect(await whenIn(world, second.kept.id, 'cancelled')).toMatchObject({ state: 'cancelled' })

  await page.getByRole('button', { name: 'Keep calls' }).click()
  await page.getByText('It is on; it ends by itself').waitFor()
  const headers = { 'elements-wait-timeout': '0' }
  const { code } = await through(world, instance, 'GET', '/tickets/1', { headers })
  expect(code).toBe('limit-wait-over')
  const logged = page.getByRole('button', { name: 'View details of GET /tickets/1' })
  await expect
    .poll(
      async () => {
        await page.getByRole('button', { name: 'Read again' }).click()
        return logged.count()
      },
      { timeout: 15_000, interval: 500 },
    )
    .toBe(1)
  await logged.click()
  await page.getByText('The client got 429, limit-wait-over.').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Keep no more' }).click()
  await page.getByText('It is off.').waitFor()
  expect(complaints).toEqual([])
})
