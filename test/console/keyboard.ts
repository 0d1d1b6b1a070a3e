import type { Page } from 'playwright-core'

type Role = Parameters<Page['getByRole']>[0]

/** Presses Tab until that has the focus, which is seen at each place that it comes by. */
export async function tabTo(page: Page, role: Role, name: string) {
  const wanted = page.getByRole(role, { name, exact: true })
  const stops: string[] = []
  while (stops.length < 60) {
    await tab(page, stops)
    if ((await page.locator(':focus').and(wanted).count()) === 1) return
  }
  throw new Error(`no Tab leads to the ${role} ${name}, only to ${stops.join(', ')}`)
}

/** The places at which the focus was seen, by page. */
const looked = new WeakMap<Page, Set<string>>()

async function tab(page: Page, stops: string[]) {
  const focused = page.locator(':focus')
  const isSomewhere = (await focused.count()) === 1
  const name = isSomewhere ? await focused.ariaSnapshot() : 'the page'
  stops.push(name)
  const known = looked.get(page) ?? new Set()
  looked.set(page, known)
  const box = isSomewhere && !known.has(name) ? await focused.boundingBox() : null
  const clip = box && around(box, page.viewportSize()!)
  const look = () => page.screenshot({ clip: clip!, animations: 'disabled' })
  const before = clip && { seen: await look(), top: await scrolled(page) }
  await page.keyboard.press('Tab')
  if (!before || (await scrolled(page)) !== before.top) return
  if (before.seen.equals(await look())) throw new Error(`nobody sees that the focus is at ${name}`)
  known.add(name)
}

const scrolled = (page: Page) => page.evaluate('scrollY')

/** With the ring around it, as far as it is in view; undefined where nothing of it is. */
function around(
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
  view: { width: number; height: number },
) {
  const ring = 4
  const [left, top] = [Math.max(0, x - ring), Math.max(0, y - ring)]
  const right = Math.min(view.width, x + width + ring)
  const bottom = Math.min(view.height, y + height + ring)
  if (right <= left || bottom <= top) return undefined
  return { x: left, y: top, width: right - left, height: bottom - top }
}
