import { createHmac } from 'node:crypto'
import { type Received, type Reply, startWebServer, type WebServer } from '../support/web-server.ts'

/** What a receiver finds in a request that it has proved. */
export interface Message {
  id: string
  timestamp: number
  event: { type: string; timestamp: string; data: Record<string, unknown> }
}

/**
 * Proves a message as Standard Webhooks 1.0.0 says for symmetric secrets, by one signature of those
 * in the header. Throws where none is right.
 */
export function prove({ headers, body }: Received, secret: string): Message {
  const id = String(headers['webhook-id'])
  const timestamp = Number(headers['webhook-timestamp'])
  if (Math.abs(Date.now() / 1000 - timestamp) > 300) throw new Error('an old message')
  const right = `v1,${mac(secret, `${id}.${timestamp}.${body}`)}`
  if (!String(headers['webhook-signature']).split(' ').includes(right)) {
    throw new Error('no signature is right')
  }
  return { id, timestamp, event: JSON.parse(body) }
}

function mac(secret: string, text: string): string {
  if (!secret.startsWith('whsec_')) throw new Error('no signing secret')
  return hmac(Buffer.from(secret.slice('whsec_'.length), 'base64'), text)
}

export function hmac(key: string | Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64')
}

export interface Receiver extends WebServer {
  /** What is answered from now on; 204 at first. */
  answer: (request: Received) => Reply | Promise<Reply>
}

export async function startReceiver(): Promise<Receiver> {
  const server = await startWebServer((request) => receiver.answer(request))
  const receiver: Receiver = { ...server, answer: () => ({ status: 204 }) }
  return receiver
}
