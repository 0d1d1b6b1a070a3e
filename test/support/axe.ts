import axe from 'axe-core'
import type { Page } from 'playwright-core'

interface Found {
  id: string
  impact: string
  nodes: { html: string }[]
}

/** What axe finds serious or critical about the page as it stands, with the markup meant. */
export async function seriousFaults(page: Page): Promise<string[]> {
  if (!(await page.evaluate("'axe' in window"))) await page.evaluate(axe.source)
  const found = (await page.evaluate(
    "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations)",
  )) as Found[]
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}
