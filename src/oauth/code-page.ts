import { calculatePKCECodeChallenge, generateRandomCodeVerifier } from 'oauth4webapi'
import type { CodeFlow } from '../authentication/consent.ts'
import type { Element } from '../definition/element.ts'
import type { Values } from '../exchange/request.ts'
import { escapes, render } from '../exchange/template.ts'
import { pageUrlOf } from './page-url.ts'

/**
 * The page where somebody consents to a code, and the verifier that proves later who asked for it
 * (RFC 6749, section 4.1.1, and RFC 7636).
 * @throws {RenderError} for a value that cannot be part of an address
 */
export async function codePageOf(
  element: Pick<Element, 'entries'>,
  authentication: CodeFlow,
  values: Values,
  asked: {
    callbackUrl: string
    scope?: string | undefined
    state: string
    /** Whether it is our own callback that takes the redirect. */
    own: boolean
  },
): Promise<{ url: URL; verifier: string | undefined }> {
  const { clientId, scopes = [], scopeSeparator = ' ' } = authentication
  const { callbackUrl, state } = asked
  const own = scopes.map((scope) => render(scope, values, escapes.text))
  const verifier = usesPkce(authentication, asked.own) ? generateRandomCodeVerifier() : undefined
  const url = pageUrlOf(element, authentication, values, {
    usual: {
      response_type: 'code',
      client_id: render(clientId, values, escapes.text),
      redirect_uri: callbackUrl,
      scope: asked.scope || own.filter((scope) => scope !== '').join(scopeSeparator),
    },
    fixed: {
      state,
      ...(verifier !== undefined && {
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      }),
    },
  })
  return { url, verifier }
}

/**
 * Of a code without its state nobody could tell which verifier belongs to it. To our own callback
 * none comes without.
 */
function usesPkce({ pkce = true, codeWithoutState = false }: CodeFlow, own: boolean): boolean {
  return pkce && (own || !codeWithoutState)
}
