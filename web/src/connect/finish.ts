import type { ConnectState } from './session-api.ts'

/**
 * Tells whoever embeds or opened this page how it ended, and goes back: nothing but the session's id
 * and its status leaves it, and to no other origin than the one that the session names.
 */
export function finish({ id, status, allowedOrigin, returnUrl }: ConnectState) {
  const message = { type: 'latchkey.connect', session: id, status }
  const framed = window.parent !== window
  if (framed) window.parent.postMessage(message, allowedOrigin)
  else if (window.opener) window.opener.postMessage(message, allowedOrigin)
  if (framed) return
  if (returnUrl) location.replace(returnUrl)
  else if (window.opener) window.close()
}
