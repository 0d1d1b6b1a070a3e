import { chromium, type Page } from 'playwright-core'
import type { World } from './world.ts'

export interface Visitor extends AsyncDisposable {
  page: Page
  /** What the browser complained of: errors of scripts, and what the page's policy forbade. */
  complaints: string[]
}

/** Somebody with Debian's Chromium, who has not signed in. */
export async function startVisitor(
  colorScheme: 'light' | 'dark' = 'light',
  viewport: { width: number; height: number } = { width: 1280, height: 900 },
): Promise<Visitor> {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })
  const context = await browser.newContext({
    colorScheme,
    viewport,
    // What fades in is judged as it comes to stand.
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  context.setDefaultTimeout(60_000)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', ({ message }) => complaints.push(message))
  page.on('console', (line) => {
    // Chromium says so of every refusal, which are answers like others.
    const isRefusal = line.text().startsWith('Failed to load resource')
    if (line.type() === 'error' && !isRefusal) complaints.push(line.text())
  })
  return { page, complaints, [Symbol.asyncDispose]: () => browser.close() }
}

/** Signs the world's user in with the two secrets. */
export async function signIn(page: Page, { url, authorization }: World) {
  const [, user, organization] = /^User (\S+), Organization (\S+)$/.exec(authorization)!
  await page.goto(`${url}/console/sign-in`)
  await page.getByRole('tab', { name: 'The two secrets' }).click()
  await page.getByLabel('User secret').fill(user!)
  await page.getByLabel('Organization secret').fill(organization!)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL('**/console/instances')
}
