import { createHash, randomBytes } from 'node:crypto'
import type { Values, VendorRequest } from '../exchange/request.ts'
import { placeholdersIn, secretMask } from '../exchange/template.ts'
import { textIn } from './body-text.ts'

/** What a signature can be made of besides entries. */
const facts = {
  'request.method': ({ method }) => method,
  'request.path': ({ url }) => new URL(url).pathname,
  /** Without its question mark. */
  'request.query': ({ url }) => new URL(url).search.slice(1),
  /** With its port, where it is not the scheme's own. */
  'request.host': ({ url }) => new URL(url).host,
  'request.url': ({ url }) => {
    const sent = new URL(url)
    sent.hash = ''
    return sent.href
  },
  'request.body': textIn,
  'request.body.sha256': ({ body }) =>
    createHash('sha256')
      .update(body ?? '')
      .digest('hex'),
  'request.body.md5': ({ body }) =>
    createHash('md5')
      .update(body ?? '')
      .digest('base64'),
  'time.unix': (_, { time }) => String(Math.floor(time.getTime() / 1000)),
  'time.unixMillis': (_, { time }) => String(time.getTime()),
  'time.iso': (_, { time }) => time.toISOString(),
  'time.http': (_, { time }) => time.toUTCString(),
  'random.nonce': (_, { nonce }) => nonce,
} as const satisfies Record<string, (request: VendorRequest, once: Once) => string>

/** What one signing draws once, and uses wherever it is named. */
export interface Once {
  time: Date
  nonce: string
}

export const signingPlaceholders = Object.keys(facts)

export function drawOnce(): Once {
  return { time: new Date(), nonce: randomBytes(16).toString('hex') }
}

/** For what is shown. */
export function drawMasked(): Once {
  return { time: new Date(), nonce: secretMask }
}

/** The values of entries, and of what templates name of this request and moment. */
export function signingValues(
  templates: unknown,
  values: Values,
  request: VendorRequest,
  once: Once,
): Map<string, string> {
  const all = new Map(values)
  for (const key of placeholdersIn(templates)) {
    if (isFact(key)) all.set(key, facts[key](request, once))
  }
  return all
}

/** Whether templates name the request's body, or anything made of it. */
export function namesBody(templates: unknown): boolean {
  return placeholdersIn(templates).some((key) => key.startsWith('request.body'))
}

function isFact(key: string): key is keyof typeof facts {
  return Object.hasOwn(facts, key)
}
