import { ApiError, type Problem } from '../api/problem.ts'
import type { components } from '../api/schema.d.ts'

export type ConnectPage = components['schemas']['ConnectPage']
export type ConnectState = components['schemas']['ConnectState']
export type ConnectAnswers = components['schemas']['ConnectAnswers']
export type ConnectCertificate = components['schemas']['ConnectCertificate']
export type ConnectElement = ConnectPage['elements'][number]
export type ConnectAuthentication = ConnectElement['authentications'][number]

/** Tabs that go on after a reload, and after the vendor's page. */
const stored = `connect ${location.pathname}`
let held: string | undefined

/**
 * Opens the link that stands behind "#", which is used up then; a tab that opened it before goes on.
 * Without a link, the tab goes on where it was.
 */
export async function openSession(): Promise<ConnectPage> {
  const link = location.hash.slice(1)
  // Out of the address bar and the history, whatever becomes of it.
  if (link) history.replaceState(null, '', location.pathname)
  if (link) {
    try {
      keepKey((await send<{ key: string }>('POST', 'open', { link })).key)
    } catch (error) {
      const isUsed = error instanceof ApiError && error.problem.code === 'connect-link-used'
      if (!isUsed || !readKey()) throw error
    }
  }
  return send<ConnectPage>('GET', 'form')
}

export const getState = () => send<ConnectState>('GET', 'state')
export const provision = (answers: ConnectAnswers) =>
  send<ConnectState>('POST', 'provision', answers)
export const readCertificates = (answers: ConnectAnswers) =>
  send<ConnectCertificate[]>('POST', 'certificates', answers)
export const authorize = (answers: ConnectAnswers, place: 'window' | 'tab') =>
  send<{ url: string }>('POST', `authorize?place=${place}`, answers)
export const cancel = () => send<ConnectState>('POST', 'cancel')

function readKey(): string | undefined {
  try {
    return held ?? sessionStorage.getItem(stored) ?? undefined
  } catch {
    return held
  }
}

/** A browser that stores nothing for frames keeps it until the page is left. */
function keepKey(key: string) {
  held = key
  try {
    sessionStorage.setItem(stored, key)
  } catch {}
}

/** Relative to the page's address, and without cookies: the key alone says whose it is. */
async function send<Answer>(
  method: 'GET' | 'POST',
  path: string,
  body?: ConnectAnswers | { link: string },
): Promise<Answer> {
  const key = readKey()
  const answer = await fetch(`session/${path}`, {
    method,
    headers: {
      ...(key && { authorization: `Connect ${key}` }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
    cache: 'no-store',
    credentials: 'omit',
  })
  const said: unknown = await answer.json().catch(() => undefined)
  if (answer.ok && said) return said as Answer
  throw new ApiError(
    (said as Problem | undefined) ?? { message: 'Something went wrong. Try again in a while.' },
  )
}
