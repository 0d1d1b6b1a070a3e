import axe from 'axe-core'
import type { Page } from 'playwright-core'

interface Found {
  id: string
  impact: string
  nodes: { html: string }[]
}

/** What axe finds serious or critical about the page as it stands, with the markup meant. */
export async function seriousFaults(page: Page): Promise<string[]> {
  const found = (await page.evaluate(
    `(() => { ${axe.source}; return axe.run().then(({ violations }) => violations) })()`,
  )) as Found[]
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}
