import type { Context } from '../context.ts'
import { EgressFailure } from '../egress/failure.ts'
import { Refusal } from '../http/errors.ts'
import { createScrub } from '../probe/scrub.ts'
import { judgeAnswer, judgeFailure, type Outcome } from './outcome.ts'
import { openSigningSecrets, type SigningKey } from './secrets.ts'
import type { SealedVersion } from './secrets-store.ts'
import { signatureHeaders } from './signature.ts'

const deadlineMs = 10_000
const maxAnswerBytes = 256 * 1024

export interface Attempt {
  outcome: Outcome
  durationMs: number
}

/**
 * Sends a message once: signed, through egress, following no redirect. Never rejects for what the
 * receiver does.
 */
export async function sendMessage(
  context: Pick<Context, 'egress' | 'vault'>,
  webhook: SigningKey & { secrets: readonly SealedVersion[] },
  { id, body }: { id: string; body: string },
): Promise<Attempt> {
  const started = performance.now()
  const outcome = await attempt(context, webhook, id, body)
  return { outcome, durationMs: Math.round(performance.now() - started) }
}

async function attempt(
  context: Pick<Context, 'egress' | 'vault'>,
  webhook: SigningKey & { secrets: readonly SealedVersion[] },
  id: string,
  body: string,
): Promise<Outcome> {
  try {
    const secrets = await openSigningSecrets(context, webhook, webhook.secrets)
    const timestamp = Math.floor(Date.now() / 1000)
    const signed = signatureHeaders({ id, body, timestamp }, secrets)
    const answer = await context.egress.send({
      method: 'POST',
      url: new URL(webhook.url),
      headers: { 'user-agent': 'Latchkey', 'content-type': 'application/json', ...signed },
      body,
      deadlineMs,
      maxBytes: maxAnswerBytes,
      redirects: false,
      repeatable: true,
    })
    return judgeAnswer(answer, createScrub(secrets.map((secret) => secret.slice('whsec_'.length))))
  } catch (error) {
    if (error instanceof EgressFailure) return judgeFailure(error)
    // A secret that was made for another origin than the one that the URL has by now.
    if (!(error instanceof Refusal)) throw error
    const { code, message } = error
    return { delivered: false, status: null, failure: { kind: code, message }, answer: null }
  }
}
