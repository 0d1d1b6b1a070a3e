/** A refusal of the service: problem details (RFC 9457). */
export class Problem extends Error {
  constructor(problem) {
    super(problem.message)
    this.problem = problem
  }
}

/** Tabs that go on after a reload, and after the vendor's page. */
const stored = `connect ${location.pathname}`

let held

export function readKey() {
  try {
    return held ?? sessionStorage.getItem(stored)
  } catch {
    return held
  }
}

/** A browser that stores nothing for frames keeps it until the page is left. */
function keepKey(key) {
  held = key
  try {
    sessionStorage.setItem(stored, key)
  } catch {}
}

/** Opens the link that stands behind "#", which is used up then. */
export async function openLink(link) {
  const { key } = await send('POST', 'open', { link })
  keepKey(key)
}

export const getForm = () => send('GET', 'form')
export const getState = () => send('GET', 'state')
export const provision = (answers) => send('POST', 'provision', answers)
export const authorize = (answers, place) => send('POST', `authorize?place=${place}`, answers)
export const cancel = () => send('POST', 'cancel')

async function send(method, path, body) {
  const key = readKey()
  const headers = {
    ...(key && { authorization: `Connect ${key}` }),
    ...(body && { 'content-type': 'application/json' }),
  }
  const answer = await fetch(`session/${path}`, {
    method,
    headers,
    body: body && JSON.stringify(body),
    cache: 'no-store',
    credentials: 'omit',
  }).catch(() => {
    throw new Problem({
      message: 'The service cannot be reached. Check your connection, and try again.',
    })
  })
  const said = await answer.json().catch(() => undefined)
  if (answer.ok && said) return said
  throw new Problem(said ?? { message: 'Something went wrong. Try again in a while.' })
}
