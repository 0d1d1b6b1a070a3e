import type { Element } from '../definition/element.ts'
import { Refusal } from '../http/errors.ts'
import { showKey } from '../http/show-key.ts'

/** RFC 6749, section 4.1.2.1, and OpenID Connect Core, section 3.1.2.6: what happened, what to do. */
const words: Record<string, [what: string, next: string]> = {
  access_denied: [
    'somebody declined it there, or may not grant it',
    'Ask again, and have it granted by someone who may',
  ],
  invalid_scope: [
    'it knows or allows not all of the scopes that were asked for',
    'Compare them with those of the app at the vendor, and ask again',
  ],
  invalid_request: [
    'it does not understand the request',
    'Compare the callback URL and the entries with the app at the vendor, and ask again',
  ],
  unauthorized_client: [
    'the app may not ask for consents in this way',
    'Allow it for the app at the vendor, and ask again',
  ],
  unsupported_response_type: [
    'it gives no codes to this app',
    'Allow the authorization code for the app at the vendor, and ask again',
  ],
  server_error: ['something went wrong there', 'Ask again in a while'],
  temporarily_unavailable: ['it has too much to do right now', 'Ask again in a while'],
  login_required: ['nobody was logged in there', 'Log in at the vendor, and ask again'],
  interaction_required: ['somebody has to answer it there', 'Ask again, and answer what it asks'],
  consent_required: ['somebody has to consent there', 'Ask again, and consent to it'],
}

/** What an error of a vendor's page means, and what to do about it. */
export function wordsOf(error: string): [what: string, next: string] {
  return (
    words[Object.hasOwn(words, error) ? error : ''] ?? [
      `its reason is ${showKey(error)}`,
      'See what it says, and ask again',
    ]
  )
}

/** What a vendor's page of consent ended with, in plain words. */
export function refuseConsent(
  { name, key }: Pick<Element, 'name' | 'key'>,
  error: string,
  providerMessage: string | undefined,
): Refusal {
  const [what, next] = wordsOf(error)
  return new Refusal('consent-refused', {
    message: `${name} did not grant the consent: ${what}. ${next}, with GET /elements/${key}/oauth/url.`,
    providerMessage,
  })
}

export function codeMissing(
  { name, key }: Pick<Element, 'name' | 'key'>,
  type: 'oauth1' | 'oauth2',
): Refusal {
  const members =
    type === 'oauth2'
      ? '{ "code": "…", "state": "…" }'
      : '{ "oauth_token": "…", "oauth_verifier": "…" }'
  return new Refusal(
    'oauth-code-missing',
    `You must provide an OAuth code in order to create an instance of this element. Open the address that GET /elements/${key}/oauth/url answers in a browser, consent at ${name}, and send what the redirect says as "providerData": ${members}.`,
  )
}

/** The same whatever does not fit: nobody learns which. */
export function stateInvalid({ key }: Pick<Element, 'key'>): Refusal {
  return new Refusal(
    'oauth-state-invalid',
    `The redirect belongs to no consent that you asked for and that is still under way. Begin again with GET /elements/${key}/oauth/url.`,
  )
}

export function stateMissing({ key }: Pick<Element, 'key'>, several: boolean): Refusal {
  const why = several
    ? 'Several consents with different callbacks are under way, and only the state tells which is meant.'
    : 'Only the state tells which consent the code belongs to.'
  return new Refusal('oauth-state-missing', {
    message: `${why} Send "state" of the redirect beside the code, or begin again with GET /elements/${key}/oauth/url.`,
    missing: [{ key: 'providerData.state', name: 'State' }],
  })
}
