import { useSyncExternalStore } from 'react'

/** Who is signed in, until the tab is closed or the token ends. */
export interface Session {
  /** For `Authorization: Bearer <token>`. */
  token: string
  /** ISO 8601. */
  expiresAt: string
}

const key = 'latchkey.session'
const listeners = new Set<() => void>()
let current = read()

export function getSession(): Session | undefined {
  return current
}

/** Signs in, or out where there is none; every part of the page hears of it. */
export function setSession(session: Session | undefined) {
  current = session
  if (session) sessionStorage.setItem(key, JSON.stringify(session))
  else sessionStorage.removeItem(key)
  for (const listener of listeners) listener()
}

export function useSession(): Session | undefined {
  return useSyncExternalStore(subscribe, getSession)
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function read(): Session | undefined {
  try {
    const found = JSON.parse(sessionStorage.getItem(key) ?? 'null') as Session | null
    return found && Date.parse(found.expiresAt) > Date.now() ? found : undefined
  } catch {
    return undefined
  }
}
