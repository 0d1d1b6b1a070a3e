import { createHmac, randomBytes } from 'node:crypto'

const prefix = 'whsec_'
const keyBytes = 32

/** 256 random bits, written as Standard Webhooks writes a symmetric secret. */
export function createSigningSecret(): string {
  return prefix + randomBytes(keyBytes).toString('base64')
}

/** What is sent, and the moment at which it is. */
export interface Message {
  id: string
  body: string
  /** Seconds since 1970: of this attempt, so that a receiver can refuse what is old. */
  timestamp: number
}

/**
 * The headers of Standard Webhooks 1.0.0 (symmetric signatures), one signature for each secret, and
 * those that Cloud Elements' clients look for. These know one secret, the newest, whose text is their
 * key as it is; their signature covers the body alone.
 * @param secrets the newest first
 */
export function signatureHeaders(
  { id, body, timestamp }: Message,
  secrets: readonly [string, ...string[]],
): Record<string, string> {
  const signatures = secrets.map((secret) => {
    // The key is what the text behind the prefix stands for.
    const key = Buffer.from(secret.slice(prefix.length), 'base64')
    return `v1,${mac(key, `${id}.${timestamp}.${body}`)}`
  })
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
    'elements-webhook-id': id,
    'elements-webhook-signature': `sha256=${mac(secrets[0], body)}`,
  }
}

function mac(key: string | Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64')
}
