import type { Page } from 'playwright-core'
import type { Furnished } from './furnished.ts'
import { button, openDetails, step, tabOf } from './steps.ts'

/** A page of the console as somebody comes to stand before it. */
export interface Place {
  name: string
  /** Below `/console`; left out: where the place before it is. */
  path?: string
  /** What is seen once it is there. */
  ready?: string
  act?(page: Page): Promise<unknown>
}

const openForm = (name: string) => async (page: Page) => {
  await button(page, name).click()
  await page.getByRole('dialog').waitFor()
  await page.getByRole('dialog').getByRole('textbox').first().waitFor()
}
const openList = (name: string) => async (page: Page) => {
  await page.getByRole('combobox', { name }).first().click()
  await page.getByRole('option').first().waitFor()
}
const next = (name: string) => async (page: Page) => {
  await button(page, 'Next').click()
  await step(page, name)
}

/** Every page, filled, with its windows, lists and refusals open in turn. */
export function placesOf({ world, instanceId, webhookId, ownKey }: Furnished): Place[] {
  const tab = (name: string, ready: string, act?: Place['act']): Place => ({
    name: `instance-${name}`,
    path: `/instances/${instanceId}?tab=${name}`,
    ready,
    ...(act && { act }),
  })
  return [
    { name: 'instances', path: '/instances', ready: 'Acme help desk' },
    { name: 'instances-choice', act: openList('State') },
    { name: 'instances-none', act: (page) => page.getByLabel('Search').fill('magrathea') },
    tab('overview', 'Orders to the ERP'),
    tab('settings', 'Store the settings'),
    tab('authentication', 'Check and store'),
    tab('token', 'Replace the token'),
    tab('calls', 'Calls that wait'),
    tab('audit', 'instance.created'),
    tab('delete', 'Delete it'),
    { name: 'instance-deleting', act: openForm('Delete Acme help desk') },
    { name: 'marketplace', path: '/marketplace', ready: 'Klaviyo' },
    { name: 'marketplace-element', path: '/marketplace/klaviyo', ready: 'What it asks for' },
    { name: 'marketplace-own', path: `/marketplace/${ownKey}`, ready: 'What it asks for' },
    { name: 'wizard-name', path: '/new/connectwisehd', ready: 'External id' },
    {
      name: 'wizard-details',
      act: async (page) => {
        await page.getByRole('textbox', { name: 'Name' }).fill('Acme help desk - UK')
        await next('Details')(page)
        await button(page, 'New pool').click()
        await button(page, 'Add a limit').click()
        await page.getByLabel('Name of the pool').waitFor()
      },
    },
    { name: 'wizard-credentials', act: next('Credentials') },
    { name: 'wizard-faults', act: (page) => create(page) },
    { name: 'wizard-refused', act: refuseAt(world.sandbox.url) },
    { name: 'certificates', path: '/certificates', ready: 'Acme at Worldpay' },
    { name: 'certificates-new', act: openForm('Add a certificate') },
    { name: 'app-profiles', path: '/app-profiles', ready: 'Acme marketing' },
    { name: 'app-profiles-new', act: openForm('Add an app profile') },
    { name: 'pools', path: '/pools', ready: 'Night import' },
    { name: 'pools-change', act: openForm('Change Night import') },
    { name: 'rate-limits', path: '/rate-limits', ready: 'Contract with ConnectWise' },
    { name: 'rate-limits-change', act: openForm('Change Contract with ConnectWise') },
    { name: 'elements', path: '/elements', ready: 'Acme Tickets' },
    { name: 'element-editor', path: `/elements/${ownKey}`, ready: 'It can be used.' },
    {
      name: 'element-editor-faults',
      act: async (page) => {
        await page.getByLabel('Definition').fill('{ "name": "Acme", "hub": 7 }')
        await page.getByRole('list', { name: 'What is wrong with it' }).waitFor()
      },
    },
    { name: 'users', path: '/users', ready: '@example.com' },
    { name: 'users-new', act: openForm('Add a user') },
    { name: 'webhooks', path: '/webhooks', ready: 'instance' },
    { name: 'webhooks-new', act: openForm('Add a webhook') },
    { name: 'deliveries', path: `/webhooks/${webhookId}`, ready: 'instance.created' },
    { name: 'audit', path: '/audit', ready: 'instance.created' },
    { name: 'menu', path: '/pools', ready: 'Night import', act: openMenu },
    { name: 'not-found', path: '/no-such-page', ready: 'There is no such page' },
  ]
}

/** Which a narrow page has behind a button. */
async function openMenu(page: Page) {
  const menu = button(page, 'Menu')
  if (await menu.isVisible()) await menu.click()
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link').first().waitFor()
}

async function create(page: Page) {
  await button(page, 'Create').click()
  await page.getByText('This is required').first().waitFor()
}

const refuseAt = (url: string) => async (page: Page) => {
  await page.getByLabel('Company').fill('company_f')
  await page.getByLabel('Server URL').fill(url)
  await page.getByLabel('Integrator username').fill('acme')
  await page.getByRole('textbox', { name: 'Integrator password' }).fill('not the password')
  await button(page, 'Create').click()
  await tabOf(await openDetails(page), 'Response')
}
