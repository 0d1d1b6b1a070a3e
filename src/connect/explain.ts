import type { Element } from '../definition/element.ts'
import { type ProblemCode, Refusal } from '../http/errors.ts'
import { wordsOf } from '../oauth/refused.ts'

/** What a customer can do about it, where the refusal speaks to a client app. */
const words: Partial<Record<ProblemCode, string>> = {
  'body-invalid': 'What the vendor sent back cannot be read. Begin again.',
  'oauth-code-missing': 'The vendor sent no code back. Begin again.',
  'oauth-state-invalid': 'This came back too late, or a second time. Begin again.',
  'oauth-state-missing': 'This came back incomplete. Begin again.',
  'oauth-client-different': 'What was set up at the vendor has changed meanwhile. Begin again.',
  'secrets-required':
    'What the vendor sent back leads elsewhere than what was asked for. Begin again, and check what you fill in.',
}

/** The refusal of a consent in words for whoever was asked for it. */
export function explainConsent(
  { name }: Pick<Element, 'name'>,
  refusal: Refusal,
  error: string | undefined,
): Refusal {
  const { code, details } = refusal
  if (code === 'consent-refused' && error !== undefined) {
    const [what, next] = wordsOf(error)
    const then = next.replace(/^Ask again/, 'Begin again').replace('ask again', 'begin again')
    return new Refusal(code, { ...details, message: `${name} did not agree: ${what}. ${then}.` })
  }
  const message = words[code]
  return message === undefined ? refusal : new Refusal(code, { ...details, message })
}
