import { authorize, getState } from './api.js'
import { make } from './entry.js'
import { show, tell } from './screen.js'

const pollMs = 2000
let watching = 0

/** From the click itself, or browsers would block it; the vendor's page gets no hold on ours. */
export function openWindow() {
  const popup = window.open('', '', 'popup,width=560,height=720')
  if (popup) popup.opener = null
  return popup
}

/**
 * Leads to the vendor's page: in the window that was opened, or else in this tab; where the page
 * stands in a frame of another, by a link. `returned` hears of it when somebody has come back.
 */
export async function leave(element, answers, popup, { nodes, returned }) {
  const isFramed = window.parent !== window
  const { url } = await authorize(answers, popup || isFramed ? 'window' : 'tab')
  if (popup) popup.location.replace(url)
  else if (!isFramed) return location.assign(url)
  const { name } = element
  const link = { class: 'button', href: url, target: '_blank', rel: 'noreferrer' }
  const opens = popup ? null : make('p', {}, make('a', link, `Open ${name}`))
  show(`Go on at ${name}`, [opens, ...nodes])
  const where = popup ? `in the window of ${name}` : `at ${name}, in a window of its own`
  tell(`Agree ${where}. This page goes on by itself.`)
  await watch(popup, returned)
}

/** For who begins again. */
export function stopWatching() {
  watching += 1
}

async function watch(popup, returned) {
  watching += 1
  const mine = watching
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, pollMs))
    if (mine !== watching) return
    const state = await getState().catch(() => undefined)
    if (mine !== watching) return
    if (!state || (state.status === 'opened' && !state.statusReason)) continue
    if (state.status !== 'opened') popup?.close()
    return returned(state)
  }
}
