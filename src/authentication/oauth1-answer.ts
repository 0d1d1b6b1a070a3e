import type { Answer, When } from '../exchange/condition.ts'
import type { Rule, Step } from '../exchange/step.ts'
import type { OAuth1 } from './oauth1.ts'
import { sessionToken, sessionTokenSecret } from './session.ts'
import { secretsInTokenAnswer } from './token-answer.ts'

/** Where RFC 5849, sections 2.1 and 2.3, has a token. */
export const granted = {
  [sessionToken]: { form: 'oauth_token' },
  [sessionTokenSecret]: { form: 'oauth_token_secret' },
} satisfies Step['extract']

/** How the answer to one of the two token requests is judged. */
export function judgedBy(
  authentication: OAuth1,
  asked: 'requestToken' | 'accessToken',
): Pick<Step, 'rules' | 'providerMessage'> {
  const { providerMessage = [], rules = [] } = authentication
  const successes = asked === 'requestToken' ? confirmations : successesOf(authentication)
  return {
    providerMessage: [...providerMessage, '?oauth_problem_advice', '?oauth_problem'],
    rules: [...rules, ...successes, ...problems],
  }
}

const token: When = {
  status: '2xx',
  form: [{ name: 'oauth_token' }, { name: 'oauth_token_secret' }],
}

/** Without the confirmation it is OAuth 1.0, where a consent can be foisted on another person. */
const confirmations: Rule[] = [
  {
    when: {
      status: '2xx',
      form: [{ name: 'oauth_token' }, { name: 'oauth_callback_confirmed', equals: 'true' }],
    },
    verdict: 'verified',
  },
  {
    when: token,
    verdict: 'unexpected',
    message:
      'The vendor answered with a request token, but does not confirm the callback as OAuth 1.0a wants it. See the details of the answer.',
  },
]

/** A token that stands elsewhere is found by what the definition extracts. */
function successesOf({ extract }: OAuth1): Rule[] {
  const when = extract?.[sessionToken] ? ({ status: '2xx' } as const) : token
  return [{ when, verdict: 'verified' }]
}

const consentIsOver =
  'The consent was refused, has expired or was used already. Ask for consent again.'

/** In the words of the extension for reporting problems; what they leave open the status says. */
const problems: Rule[] = [
  says('rejected', ['consumer_key_unknown', 'consumer_key_rejected', 'consumer_key_refused']),
  says('rejected', ['signature_invalid']),
  says(
    'rejected',
    [
      'permission_denied',
      'permission_unknown',
      'token_expired',
      'token_rejected',
      'token_revoked',
      'token_used',
      'user_refused',
      'verifier_invalid',
    ],
    consentIsOver,
  ),
  says(
    'unexpected',
    ['timestamp_refused'],
    "The vendor's clock and that of this service differ too much. Set the clock of this service.",
  ),
  { when: { status: 429 }, verdict: 'throttled' },
  { when: { status: '5xx' }, verdict: 'unexpected' },
  { when: { body: 'html' }, verdict: 'misdirected' },
  {
    when: { status: '2xx' },
    verdict: 'unexpected',
    message:
      'The vendor answered without a token and its secret. Check the address, and see the details of the answer.',
  },
]

function says(verdict: Rule['verdict'], oneOf: string[], message?: string): Rule {
  const when = { form: { name: 'oauth_problem', oneOf } }
  return { when, verdict, ...(message && { message }) }
}

const shortestSecret = 8

/** Texts of an answer that may be tokens: of a success all, of a refusal what is called so. */
export function secretsInGrant(answer: Answer): string[] {
  const { status, document } = answer
  if (document.kind === 'json') return secretsInTokenAnswer(answer)
  return [...document.form]
    .filter(([name]) => status < 300 || /token|secret|verifier/i.test(name))
    .map(([, value]) => value)
    .filter((value) => value.length >= shortestSecret)
}
