import type { Locator, Page } from 'playwright-core'

export const button = (page: Page | Locator, name: string) =>
  page.getByRole('button', { name, exact: true })

/** Until the wizard stands at a step. */
export const step = (page: Page, name: string) =>
  page.getByRole('heading', { level: 2, name, exact: true }).waitFor()

/** Begins to connect an element, and goes as far as what follows the details. */
export async function beginWizard(page: Page, elementKey: string, name: string) {
  await page.goto(new URL(`/console/new/${elementKey}`, page.url()).href)
  await page.getByLabel('Name').fill(name)
  await button(page, 'Next').click()
  await step(page, 'Details')
  await button(page, 'Next').click()
}

/** What the wizard says of a refusal, with its details open. */
export async function openDetails(page: Page): Promise<Locator> {
  const notice = page.getByRole('alert').filter({ hasText: 'Request id' })
  await button(notice, 'View details').click()
  await notice.getByRole('tab', { name: 'Request' }).waitFor()
  return notice
}

/** What the details show under a tab. */
export async function tabOf(notice: Locator, name: 'Request' | 'Response'): Promise<string> {
  await notice.getByRole('tab', { name }).click()
  return notice.getByRole('tabpanel', { name }).innerText()
}
