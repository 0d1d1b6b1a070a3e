import { authorize, type ConnectAnswers, type ConnectState, getState } from './session-api.ts'

const pollMs = 2000
let watching = 0

/** From the click itself, or browsers would block it; the vendor's page gets no hold on ours. */
export function openWindow(): Window | null {
  const popup = window.open('', '', 'popup,width=560,height=720')
  if (popup) popup.opener = null
  return popup
}

/**
 * Leads to the vendor's page: in the window that was opened, or else in this tab; where the page
 * stands in a frame of another, whose tab it can't take, by the address that is answered.
 */
export async function leave(
  answers: ConnectAnswers,
  popup: Window | null,
): Promise<'window' | 'tab' | { link: string }> {
  const isFramed = window.parent !== window
  const { url } = await authorize(answers, popup || isFramed ? 'window' : 'tab')
  if (popup) {
    popup.location.replace(url)
    return 'window'
  }
  if (isFramed) return { link: url }
  location.assign(url)
  return 'tab'
}

/** How the session stands once somebody has come back; undefined where nobody waits any more. */
export async function untilReturned(popup: Window | null): Promise<ConnectState | undefined> {
  watching += 1
  const mine = watching
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, pollMs))
    if (mine !== watching) return undefined
    const state = await getState().catch(() => undefined)
    if (mine !== watching) return undefined
    if (!state || (state.status === 'opened' && !state.statusReason)) continue
    if (state.status !== 'opened') popup?.close()
    return state
  }
}

/** For who begins again. */
export function stopWaiting() {
  watching += 1
}
